import { frame, options, type Rejection, tcp4, tcp6 } from './rejection.ts';

export const resets: readonly Rejection[] = [
  {
    says: 'a SYN over IPv4: sequence 0, and it acknowledges the SYN',
    packet: frame(`${tcp4} flags=S`, { numbers: '1122334400000000' }),
    answer: [
      '0200000000010200000000020800',
      '450000280000400040064e8bc000020ac6336407',
      '00169c40000000001122334550140000e2cd0000',
    ],
  },
  {
    says: 'a SYN over IPv6',
    packet: frame(`${tcp6} flags=S`, { numbers: '1122334400000000' }),
    answer: [
      '02000000000102000000000286dd',
      '600000000014064020010db800000000000000000000001020010db8000000000000000000000007',
      '00169c40000000001122334550140000738a0000',
    ],
  },
  {
    says: 'an ACK: the reset has the number that was acknowledged, and no ACK',
    packet: frame(`${tcp4} flags=A`, { numbers: '1122334455667788' }),
    answer: [
      '0200000000010200000000020800',
      '450000280000400040064e8bc000020ac6336407',
      '00169c405566778800000000500400005a560000',
    ],
  },
  {
    says: 'data with an ACK over IPv6',
    packet: frame(`${tcp6} flags=PA payload="hello"`, { numbers: '1122334455667788' }),
    answer: [
      '02000000000102000000000286dd',
      '600000000014064020010db800000000000000000000001020010db8000000000000000000000007',
      '00169c40556677880000000050040000eb120000',
    ],
  },
  {
    says: 'a SYN and ACK, as a scan sends them',
    packet: frame(`${tcp4} flags=SA`, { numbers: '1122334455667788' }),
    answer: [
      '0200000000010200000000020800',
      '450000280000400040064e8bc000020ac6336407',
      '00169c405566778800000000500400005a560000',
    ],
  },
  {
    says: 'five bytes and a FIN without ACK: six numbers are acknowledged',
    packet: frame(`${tcp4} flags=FP payload="hello"`, { numbers: '1122334400000000' }),
    answer: [
      '0200000000010200000000020800',
      '450000280000400040064e8bc000020ac6336407',
      '00169c40000000001122334a50140000e2c80000',
    ],
  },
  {
    says: 'sequence numbers go round at 2^32',
    packet: frame(`${tcp6} flags=S`, { numbers: 'ffffffff00000000' }),
    answer: [
      '02000000000102000000000286dd',
      '600000000014064020010db800000000000000000000001020010db8000000000000000000000007',
      '00169c40000000000000000050140000b7f10000',
    ],
  },
  {
    says: 'options of IP and TCP are not sent back',
    packet: frame(`${tcp4} flags=S`, {
      ipv4Options: options(12),
      tcpOptions: options(20),
      numbers: '1122334400000000',
    }),
    answer: [
      '0200000000010200000000020800',
      '450000280000400040064e8bc000020ac6336407',
      '00169c40000000001122334550140000e2cd0000',
    ],
  },
  {
    says: 'extension headers are not sent back',
    packet: frame(`${tcp6} flags=S`, {
      extensions: [
        { protocol: 0, length: 16 },
        { protocol: 60, length: 8 },
      ],
      numbers: '1122334400000000',
    }),
    answer: [
      '02000000000102000000000286dd',
      '600000000014064020010db800000000000000000000001020010db8000000000000000000000007',
      '00169c40000000001122334550140000738a0000',
    ],
  },
  {
    says: "the frame's padding is no data",
    packet: frame(`${tcp4} flags=F`, { numbers: '1122334400000000', padding: 6 }),
    answer: [
      '0200000000010200000000020800',
      '450000280000400040064e8bc000020ac6336407',
      '00169c40000000001122334550140000e2cd0000',
    ],
  },
  {
    says: 'in a VLAN the answer is, too',
    packet: frame(`${tcp4} flags=S vlan=100`, { numbers: '1122334400000000' }),
    answer: [
      '020000000001020000000002810000640800',
      '450000280000400040064e8bc000020ac6336407',
      '00169c40000000001122334550140000e2cd0000',
    ],
  },
  {
    says: 'behind two tags over IPv6',
    packet: frame(`${tcp6} flags=S vlan=100,200`, { numbers: '1122334400000000' }),
    answer: [
      '02000000000102000000000288a80064810000c886dd',
      '600000000014064020010db800000000000000000000001020010db8000000000000000000000007',
      '00169c40000000001122334550140000738a0000',
    ],
  },
];
