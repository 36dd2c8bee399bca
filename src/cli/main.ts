import { runSluice } from './program.ts';

await runSluice(process.argv);
