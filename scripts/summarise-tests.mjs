// Prints `N passed, N failed, N skipped` from vitest's JSON report: summarise-tests.mjs REPORT. Exits 1 where anything failed,
// also where a file could not be run at all, or where there is no report.
import { existsSync, readFileSync } from 'node:fs';

const [path] = process.argv.slice(2);
if (path === undefined || !existsSync(path)) {
  console.log(`no test report at ${path}`);
  process.exit(1);
}

/** @type {{ success: boolean, numPassedTests: number, numFailedTests: number, numPendingTests: number, testResults: { name: string, status: string, message: string, assertionResults: unknown[] }[] }} */
const report = JSON.parse(readFileSync(path, 'utf8'));
const unrunnable = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
for (const file of unrunnable) console.log(`${file.name} did not run: ${file.message}`);

const failed = report.numFailedTests + unrunnable.length;
const skipped = report.numPendingTests > 0 ? `, ${report.numPendingTests} skipped` : '';
console.log(`${report.numPassedTests} passed, ${failed} failed${skipped}`);
process.exit(report.success && failed === 0 ? 0 : 1);
