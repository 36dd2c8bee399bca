import type { Btf } from './btf.ts';
import type { BtfEnum, BtfMember, BtfStruct, BtfTypeId } from './btf-types.ts';

export interface TypescriptOptions {
  /** First line of the file: what made it, from what. */
  readonly header: string;
  /** Module specifier of the codecs. */
  readonly codecModule: string;
  /** Enums whose values become constants of their own instead of an object. */
  readonly constantEnums?: readonly string[];
  /** Members wanted of a struct, where not all are: one from the kernel's headers grows with them. */
  readonly members?: Readonly<Record<string, readonly string[]>>;
}

/**
 * TypeScript for every named struct and enum that a global variable of the BTF leads to: for a struct its interface,
 * its codec and its fields' places; for an enum its values without their common prefix, and their names. 64-bit
 * members are bigint; members named `pad` are left out; a struct with pointers or bit fields, or of which only
 * some members are wanted, has no codec.
 */
export function generateTypescript(btf: Btf, options: TypescriptOptions): string {
  const structs = new Map<string, BtfStruct>();
  const enums = new Map<string, BtfEnum>();
  for (const type of btf.types) if (type.kind === 'variable') collect(btf, type.type, structs, enums);

  const isConstants = (name: string): boolean => options.constantEnums?.includes(name) ?? false;
  const blocks = [
    ...[...enums.values()].map((item) => (isConstants(item.name) ? constants(item) : enumeration(item))),
    ...[...structs.values()].map((item) => structure(btf, item, options.members?.[item.name])),
  ];
  return [options.header, `import * as codec from '${options.codecModule}';\n`, ...blocks].join('\n');
}

/** Structs come after those that they contain. */
function collect(btf: Btf, id: BtfTypeId, structs: Map<string, BtfStruct>, enums: Map<string, BtfEnum>): void {
  const type = btf.bareType(id);
  if (type.kind === 'array') collect(btf, type.type, structs, enums);
  if (type.kind === 'enum' && type.name !== '') enums.set(type.name, type);
  if (type.kind === 'struct' && !structs.has(type.name)) {
    for (const member of type.members) collect(btf, member.type, structs, enums);
    if (type.name !== '') structs.set(type.name, type);
  }
}

function constants({ name, values }: BtfEnum): string {
  const prefix = `${name.toUpperCase()}_`;
  return values.map((item) => `export const ${item.name.replace(prefix, '')} = ${item.value};\n`).join('');
}

function enumeration({ name, values }: BtfEnum): string {
  const type = pascalCase(name);
  const entries = values.map((item) => ({ key: item.name.replace(`${name.toUpperCase()}_`, ''), value: item.value }));
  const names = entries.filter(({ key }) => key !== 'MAX');
  return [
    `/** \`enum ${name}\` */`,
    `export const ${type} = {`,
    ...entries.map(({ key, value }) => `  ${key}: ${value},`),
    '} as const;',
    `export type ${type} = (typeof ${type})[keyof typeof ${type}];`,
    '',
    `export const ${camelCase(name)}Names: Readonly<Record<number, string>> = {`,
    ...names.map(({ key, value }) => `  ${value}: '${key.toLowerCase().replaceAll('_', '-')}',`),
    '};',
    '',
  ].join('\n');
}

/** How one member is said in TypeScript. */
interface MemberCode {
  readonly property: string;
  readonly name: string;
  readonly offset: number;
  readonly size: number;
  /** Undefined where it cannot be read by itself: a pointer, a bit field. */
  readonly access: Access | undefined;
}

interface Access {
  readonly type: string;
  readonly read: (at: string) => string;
  readonly write: (at: string, value: string) => string;
  /** A codec for an element of an array. */
  readonly codec: string;
}

function structure(btf: Btf, struct: BtfStruct, wanted?: readonly string[]): string {
  const members = flatten(btf, struct.members, 0)
    .filter(({ name }) => (wanted ? wanted.includes(name) : name !== 'pad'))
    .map((member) => memberCode(btf, member));
  const places = [
    `export const ${camelCase(struct.name)}Fields = {`,
    ...members.map(({ property, name, offset, size }) => {
      return `  ${property}: { name: '${name}', offset: ${offset}, size: ${size} },`;
    }),
    '} as const satisfies Record<string, codec.StructField>;',
    '',
  ];
  const readable = members.flatMap(({ access, ...member }) => (access ? [{ ...member, ...access }] : []));
  if (wanted !== undefined || readable.length < members.length)
    return [`/** \`struct ${struct.name}\` */`, ...places].join('\n');

  const type = pascalCase(struct.name);
  const at = (offset: number): string => (offset > 0 ? `offset + ${offset}` : 'offset');
  return [
    `/** \`struct ${struct.name}\` */`,
    `export interface ${type} {`,
    ...readable.map((member) => `  readonly ${member.property}: ${member.type};`),
    '}',
    '',
    ...places,
    `export const ${camelCase(struct.name)}Codec: codec.Codec<${type}> = {`,
    `  size: ${struct.size},`,
    '  read: (view, offset) => ({',
    ...readable.map((member) => `    ${member.property}: ${member.read(at(member.offset))},`),
    '  }),',
    '  write(view, offset, value) {',
    ...readable.map((member) => `    ${member.write(at(member.offset), `value.${member.property}`)};`),
    '  },',
    '};',
    '',
  ].join('\n');
}

/** Members of anonymous structs and unions count as those of the struct that they stand in. Unnamed padding goes. */
function flatten(btf: Btf, members: readonly BtfMember[], bitOffset: number): BtfMember[] {
  return members.flatMap((member) => {
    const type = btf.bareType(member.type);
    const placed = { ...member, bitOffset: member.bitOffset + bitOffset };
    if (member.name !== '') return [placed];
    return 'members' in type ? flatten(btf, type.members, placed.bitOffset) : [];
  });
}

function memberCode(btf: Btf, member: BtfMember): MemberCode {
  return {
    property: camelCase(member.name),
    name: member.name,
    offset: Math.floor(member.bitOffset / 8),
    size: btf.sizeOf(member.type),
    access: member.bitSize > 0 ? undefined : accessOf(btf, member.type),
  };
}

function accessOf(btf: Btf, id: BtfTypeId): Access | undefined {
  const type = btf.bareType(id);
  switch (type.kind) {
    case 'int':
    case 'enum':
      return integerAccess(type.size, type.signed);
    case 'struct':
      return codecAccess(pascalCase(type.name), `${camelCase(type.name)}Codec`);
    case 'array': {
      const element = accessOf(btf, type.type);
      if (element?.codec === 'codec.u8') return codecAccess('Uint8Array', `codec.bytes(${type.length})`);
      return element && codecAccess(`readonly ${element.type}[]`, `codec.array(${element.codec}, ${type.length})`);
    }
    default:
      return undefined;
  }
}

function integerAccess(size: number, signed: boolean): Access | undefined {
  const bits = size * 8;
  const big = bits === 64 ? 'Big' : '';
  const method = `${big}${signed ? 'Int' : 'Uint'}${bits}`;
  const order = size === 1 ? '' : ', true';
  if (![1, 2, 4, 8].includes(size)) return undefined;
  return {
    type: big ? 'bigint' : 'number',
    read: (at) => `view.get${method}(${at}${order})`,
    write: (at, value) => `view.set${method}(${at}, ${value}${order})`,
    codec: `codec.${signed ? 'i' : 'u'}${bits}`,
  };
}

const codecAccess = (type: string, codec: string): Access => ({
  type,
  read: (at) => `${codec}.read(view, ${at})`,
  write: (at, value) => `${codec}.write(view, ${at}, ${value})`,
  codec,
});

const words = (name: string): string[] => name.toLowerCase().split('_').filter(Boolean);
const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
/** `srcPort` for `src_port`, `skBuff` for `__sk_buff`. */
const camelCase = (name: string): string =>
  words(name)
    .map((word, index) => (index ? capital(word) : word))
    .join('');
const pascalCase = (name: string): string => words(name).map(capital).join('');
