import { defineConfig } from 'vitest/config';

/** Real kernel objects and real traffic: one file at a time, after the groups before. */
const sequential = (name: string, groupOrder: number, include: string) => ({
  test: {
    name,
    include: [include],
    exclude: ['test/daemon/faults/**'],
    pool: 'forks' as const,
    maxWorkers: 1,
    fileParallelism: false,
    sequence: { groupOrder },
    testTimeout: 180_000,
    hookTimeout: 60_000,
  },
});

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'scripts/**/*.test.ts'],
          sequence: { groupOrder: 0 },
          testTimeout: 60_000,
        },
      },
      sequential('kernel', 1, 'test/kernel/**/*.test.ts'),
      sequential('policies', 2, 'test/policies/**/*.test.ts'),
      { test: { name: 'import', include: ['test/import/**/*.test.ts'], sequence: { groupOrder: 0 } } },
      sequential('differential', 3, 'test/differential/**/*.test.ts'),
      sequential('fuzz', 4, 'test/fuzz/**/*.test.ts'),
      sequential('cli', 5, 'test/cli/**/*.test.ts'),
      sequential('daemon', 8, 'test/daemon/**/*.test.ts'),
      {
        test: {
          name: 'faults',
          include: ['test/daemon/faults/**/*.test.ts'],
          pool: 'forks' as const,
          // They wait for the most part.
          maxWorkers: 2,
          sequence: { groupOrder: 9 },
          testTimeout: 180_000,
          hookTimeout: 60_000,
        },
      },
      sequential('lab', 6, 'test/lab/**/*.test.ts'),
      sequential('package', 7, 'test/package/**/*.test.ts'),
    ],
  },
});
