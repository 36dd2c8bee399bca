import { definePolicy } from 'sluice';

export default definePolicy({
  version: 1,
  interfaces: ['eth0'],
  sets: { admins: ['10.0.0.1/8'] },
  ingress: {
    rules: [
      { name: 'ssh', port: 22, action: 'allow' },
      { name: 'web', port: 99999, action: 'allow' },
    ],
  },
});
