import fc from 'fast-check';
import { DSCP_NAMES } from '../../src/policy/check/dscp.ts';
import { ICMP_CODE_NAMES, ICMP_TYPE_NAMES } from '../../src/policy/check/icmp-names.ts';
import { TCP_FLAGS } from '../../src/policy/check/tcp-flags.ts';
import { checkDocument } from '../../src/policy/check.ts';
import { addressLiteral } from './addresses.ts';
import { filters } from './filters.ts';

/** A policy as its file says it, before it is YAML. */
export interface PolicyDocument {
  readonly [key: string]: unknown;
}

type Rule = Readonly<Record<string, unknown>>;

const interfaces = ['eth0', 'eth1', 'wg0'] as const;
const globs = ['eth?', 'wg*', '[ew]*0'] as const;

/** Policies with every match and every action, each value drawn from few, so that rules overlap. */
export const policyDocument = (): fc.Arbitrary<PolicyDocument> =>
  fc.record(
    {
      version: fc.constant(1),
      // Rules may name what a glob of the policy stands for.
      interfaces: fc.constantFrom([...interfaces], ['eth[0-9]', 'wg0'], ['*']),
      sets: sets(),
      malformed: fc.constantFrom('drop', 'allow'),
      prefilter: rules(5),
      ingress: stage(),
      egress: stage(),
    },
    { requiredKeys: ['version', 'interfaces', 'sets', 'ingress', 'egress'] },
  );

const terminal = () => fc.constantFrom('allow', 'drop', 'reject');

const stage = (): fc.Arbitrary<Rule> =>
  fc.record({ default: terminal(), rules: rules(10) }, { requiredKeys: ['default'] });

/** `few` is compared one by one, `many` becomes a trie, and so do files; `wide` becomes a bitmap. */
const sets = (): fc.Arbitrary<Rule> =>
  fc.record({
    few: fc.array(addressLiteral(), { minLength: 1, maxLength: 4 }),
    many: fc.array(addressLiteral(), { minLength: 12, maxLength: 200 }),
    ...files,
    kept: kept(),
    nested: kept(),
    web: fc.record({ ports: fc.array(numbers(portNumber(), 0xffff), { minLength: 1, maxLength: 6 }) }),
    wide: fc.record({
      ports: fc
        .uniqueArray(fc.integer({ min: 0, max: 600 }), { minLength: 80, maxLength: 200 })
        .map((all) => all.map((n) => n * 3)),
    }),
  });

/** With a record for each member: an hour is beyond every run. */
const kept = () =>
  fc.record(
    {
      addresses: fc.array(addressLiteral(), { minLength: 1, maxLength: 60 }),
      counters: fc.boolean(),
      ttl: fc.constant('1h'),
      memory: fc.constantFrom('256KiB', '1MiB'),
    },
    { requiredKeys: ['addresses'] },
  );

const files = Object.fromEntries(
  ['all', 'none', 'listed'].map((name) => [name, fc.constant({ file: `sets/${name}.txt` })]),
);

/** Rules, and at times some of them again with another action: what the first leaves to the second is easily lost. */
const rules = (maxLength: number): fc.Arbitrary<Rule[]> =>
  fc
    .tuple(fc.array(rule(), { maxLength }), fc.array(fc.tuple(fc.nat(), action()), { maxLength: 2 }))
    .map(([own, again]) => {
      const copies = own.length === 0 ? [] : again.map(([n, what]) => ({ ...own[n % own.length], action: what }));
      return [...own, ...copies];
    });

const rule = (): fc.Arbitrary<Rule> =>
  fc
    .tuple(match(), action())
    .map(([matches, what]) => ({ ...matches, action: what }))
    .filter(isSound);

/** Whether the rule says something that can be true: not of `port: [80, "!80"]`. */
function isSound(one: Rule): boolean {
  const addresses = ['192.0.2.1'];
  const ports = { ports: [1] };
  const sets = {
    few: addresses,
    many: addresses,
    all: addresses,
    none: addresses,
    listed: addresses,
    kept: addresses,
    nested: addresses,
    web: ports,
    wide: ports,
  };
  const value = { version: 1, interfaces, sets, ingress: { rules: [one] } };
  const source = { path: 'rule.json', text: '' };
  const place = { source, line: 1, column: 1, length: 0 };
  return checkDocument({ source, value, place: () => place }).policy !== undefined;
}

const action = (): fc.Arbitrary<unknown> =>
  fc.oneof(
    { weight: 9, arbitrary: terminal() },
    { weight: 1, arbitrary: fc.constant('count') },
    {
      weight: 1,
      arbitrary: fc.record({ mark: fc.oneof(fc.integer({ min: 0, max: 0xffff_ffff }), fc.constant('0xcafe')) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        log: fc.oneof(
          fc.constantFrom('10/s', '3/m', '1/h'),
          fc.record({ rate: fc.constant('5/s'), burst: fc.integer({ min: 1, max: 9 }) }),
        ),
      }),
    },
  );

/** What any packet can be asked, and what only some protocols can: a rule asks of both, few at a time. */
const match = (): fc.Arbitrary<Rule> =>
  fc
    .tuple(fc.oneof(...transports()), some(networkMatches()))
    .map(([transport, network]) => ({ ...transport, ...network }));

const transports = (): fc.Arbitrary<Rule>[] => [
  fc.constant({}),
  fc.record({
    protocol: list(
      fc.constantFrom('tcp', 'udp', 'sctp', 'gre', 'esp', 'icmp', 'icmpv4', 'icmpv6', 'arp', 'ipip', 47, 99),
    ),
  }),
  some({ protocol: list(fc.constantFrom('tcp', 'udp', 'sctp')), port: ports(), fromPort: ports() }),
  some({ protocol: fc.constant('tcp'), port: ports(), tcpFlags: tcpFlags() }),
  icmp(),
];

const icmp = (): fc.Arbitrary<Rule> =>
  fc.oneof(
    some({ protocol: fc.constant('icmp'), icmpType: list(fc.constantFrom(...ICMP_TYPE_NAMES)) }),
    some({ protocol: fc.constant('icmp'), icmpCode: fc.constantFrom(...ICMP_CODE_NAMES) }),
    fc.record(
      {
        protocol: fc.constantFrom('icmpv4', 'icmpv6'),
        icmpType: list(numbers(fc.constantFrom(0, 1, 3, 8, 11, 128, 129, 133, 135, 136, 255), 255)),
        icmpCode: list(numbers(fc.integer({ min: 0, max: 15 }), 255)),
      },
      { requiredKeys: ['protocol'] },
    ),
  );

const networkMatches = (): Readonly<Record<string, fc.Arbitrary<unknown>>> => ({
  from: addresses(),
  to: addresses(),
  length: list(
    numbers(fc.oneof(fc.integer({ min: 20, max: 1500 }), fc.constantFrom(0x7fff_ffff, 0x8000_0000)), 0xffff_ffff),
  ),
  ttl: list(numbers(fc.constantFrom(0, 1, 63, 64, 128, 255), 255)),
  dscp: list(fc.oneof(fc.constantFrom(...DSCP_NAMES), numbers(fc.integer({ min: 0, max: 63 }), 63))),
  vlan: list(numbers(fc.constantFrom(0, 1, 100, 200, 4095), 4095)),
  fragment: fc.constantFrom<boolean | string>(true, false, 'first', 'later'),
  interface: list(fc.constantFrom(...interfaces, ...globs)),
  payload: payload(),
  filter: fc.constantFrom(...filters),
  when: when(),
});

/** Windows that are often open, and often not, in zones that set their clocks in every way. */
const when = (): fc.Arbitrary<unknown> => {
  const time = fc.integer({ min: 0, max: 86_399 }).map((second) => {
    const parts = [Math.floor(second / 3600), Math.floor(second / 60) % 60, second % 60];
    return parts.map((part) => String(part).padStart(2, '0')).join(':');
  });
  const day = fc.constantFrom('mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun', 'mon-fri', 'sat-mon');
  const zone = fc.constantFrom(
    'UTC',
    'Europe/Berlin',
    'America/St_Johns',
    'Australia/Lord_Howe',
    'Pacific/Apia',
    'Africa/Casablanca',
    'Asia/Kathmandu',
  );
  const window = fc.record(
    { days: fc.oneof(day, fc.array(day, { minLength: 1, maxLength: 4 })), from: time, to: time, timezone: zone },
    { requiredKeys: [] },
  );
  return fc.oneof(window, fc.array(window, { minLength: 1, maxLength: 3 }));
};

/** One or two of them. */
const some = (matches: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<Rule> =>
  fc
    .uniqueArray(fc.constantFrom(...Object.keys(matches)), { minLength: 1, maxLength: 2 })
    .chain((keys) => fc.record(Object.fromEntries(keys.map((key) => [key, matches[key] as fc.Arbitrary<unknown>]))));

const addresses = () =>
  list(
    fc.oneof(
      { weight: 3, arbitrary: addressLiteral() },
      {
        weight: 2,
        arbitrary: fc.constantFrom('@few', '@many', '@many', '@all', '@none', '@listed', '@kept', '@nested'),
      },
    ),
  );

const portNumber = (): fc.Arbitrary<number> =>
  fc.oneof(fc.constantFrom(0, 1, 22, 53, 80, 443, 1023, 1024, 8000, 65535), fc.integer({ min: 0, max: 0xffff }));

const ports = () =>
  list(
    fc.oneof(
      { weight: 3, arbitrary: numbers(portNumber(), 0xffff) },
      { weight: 1, arbitrary: fc.constantFrom('@web', '@wide') },
    ),
  );

const tcpFlags = () =>
  fc.uniqueArray(fc.constantFrom(...Object.keys(TCP_FLAGS)), { minLength: 1, maxLength: 3 }).chain(each(negatable));

const payload = (): fc.Arbitrary<Rule> =>
  fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 20 }), fc.boolean()).chain(([bytes, masked]) =>
    fc.record(
      {
        at: fc.constantFrom('frame', 'network', 'transport', 'payload'),
        offset: fc.oneof(fc.integer({ min: 0, max: 30 }), fc.constant(2047)),
        bytes: fc.constant(hex(bytes)),
        mask: fc.uint8Array({ minLength: bytes.length, maxLength: bytes.length }).map(hex),
      },
      { requiredKeys: masked ? ['at', 'bytes', 'mask'] : ['at', 'bytes'] },
    ),
  );

/** A number or a range of numbers, as a policy writes them. */
const numbers = (one: fc.Arbitrary<number>, last: number): fc.Arbitrary<number | string> =>
  fc.oneof(
    { weight: 2, arbitrary: one },
    {
      weight: 1,
      arbitrary: fc.tuple(one, fc.integer({ min: 0, max: 50 })).map(([n, more]) => `${n}-${Math.min(last, n + more)}`),
    },
  );

/** A value, or a list of them, some negated. */
const list = (value: fc.Arbitrary<number | string>): fc.Arbitrary<unknown> =>
  fc.oneof(
    { weight: 2, arbitrary: value },
    { weight: 1, arbitrary: value.map((one) => `!${one}`) },
    { weight: 2, arbitrary: fc.array(negatable(value), { minLength: 1, maxLength: 4 }) },
  );

const negatable = (value: fc.Arbitrary<number | string>): fc.Arbitrary<number | string> =>
  fc.tuple(value, fc.integer({ min: 0, max: 3 })).map(([one, chance]) => (chance === 0 ? `!${one}` : one));

const each =
  <T>(change: (value: fc.Arbitrary<T>) => fc.Arbitrary<T>) =>
  (values: readonly T[]): fc.Arbitrary<T[]> =>
    fc.tuple(...values.map((value) => change(fc.constant(value))));

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
