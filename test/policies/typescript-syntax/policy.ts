export const policy = {
  version: 1
  interfaces: ['eth0'],
};
