const ports: number[] | undefined = JSON.parse('null');

export const policy = { version: 1, interfaces: ['eth0'], sets: { web: { ports: ports.map(String) } } };
