import { definePolicy } from 'sluice';

const office: string = '203.0.113.0/24';

export default definePolicy({
  version: 1,
  interfaces: ['eth0'],
  ingress: {
    default: 'drop',
    rules: [
      { name: 'ssh', protocol: 'tcp', from: office, port: 22, action: 'allow' },
      ...[80, 443].map((port) => ({ name: `web-${port}`, port, action: 'allow' as const })),
    ],
  },
});
