/** The rule that takes a flood, last of the policy. */
export const FLOOD = 'flood';

/** Rules with lists, so that few of them take much memory: each has 32 combinations, and together 16 MiB. */
export function manyBoxes(): string {
  const list = (count: number, of: (n: number) => string) =>
    `[${Array.from({ length: count }, (_, n) => of(n)).join(', ')}]`;
  const rules = Array.from({ length: 8_000 }, (_, i) => {
    const from = list(4, (n) => `10.${i >> 8}.${i & 255}.${n * 37 + 1}`);
    const to = list(4, (n) => `172.16.${n}.${(i * 7) & 255}`);
    const port = `[${i % 60_000}, ${(i % 60_000) + 3}]`;
    return `    - { name: other-${i}, from: ${from}, to: ${to}, protocol: tcp, port: ${port}, action: drop }\n`;
  });
  return `
version: 1
interfaces: [eth0]
ingress:
  default: allow
  rules:
${rules.join('')}    - { name: ${FLOOD}, from: 198.18.0.0/16, protocol: udp, port: 9, action: drop }
`;
}
