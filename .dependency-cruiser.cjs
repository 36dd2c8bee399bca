/** Import layers: docs/architecture.md says why. Each folder of src/ may import itself and what is listed here. */
const mayImport = {
  diagnostics: [],
  asm: ['diagnostics'],
  'prefix-set': ['asm'],
  kernel: ['asm', 'prefix-set', 'diagnostics'],
  generated: ['kernel/codec'],
  packet: ['generated', 'diagnostics'],
  policy: ['asm', 'prefix-set', 'packet', 'generated', 'diagnostics', 'kernel/libpcap'],
  import: ['policy/check', 'packet', 'diagnostics'],
  feeds: ['policy', 'diagnostics'],
  datapath: ['policy', 'prefix-set', 'packet', 'kernel', 'generated', 'asm', 'diagnostics'],
  'policy-tests': ['policy', 'packet', 'generated', 'diagnostics'],
  rehearse: ['policy-tests', 'datapath', 'policy', 'prefix-set', 'packet', 'kernel', 'generated', 'diagnostics'],
  lab: ['kernel', 'asm', 'diagnostics'],
  daemon: ['rehearse', 'policy-tests', 'datapath', 'feeds', 'policy', 'packet', 'kernel', 'diagnostics'],
  api: ['daemon', 'datapath', 'packet', 'kernel', 'diagnostics'],
};

const layers = Object.entries(mayImport).map(([folder, others]) => ({
  name: `layer-${folder}`,
  comment: `src/${folder} may import ${others.length === 0 ? 'no other folder' : others.join(', ')}`,
  severity: 'error',
  from: { path: `^src/${folder}/`, pathNot: '[.]test[.]ts$' },
  to: { path: '^src/', pathNot: [folder, ...others].map((other) => `^src/${other}(/|[.]ts$)`) },
}));

module.exports = {
  forbidden: [
    ...layers,
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'ffi-only-in-kernel',
      comment: 'src/kernel is the only folder that touches FFI',
      severity: 'error',
      from: { path: '^(src|bench|demo|examples|scripts)/', pathNot: '^src/kernel/' },
      to: { path: '^koffi$|node_modules/koffi' },
    },
    {
      name: 'no-test-in-production',
      severity: 'error',
      from: { path: '^src/', pathNot: '[.]test[.]ts$' },
      to: { path: '^(test|bench|demo|examples|scripts)/|[.]test[.]ts$' },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default'] },
  },
};
