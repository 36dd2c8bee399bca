/** The index of a type in its BTF; 0 is void. */
export type BtfTypeId = number;

/** A type, variable or function as BTF describes it: Linux `Documentation/bpf/btf.rst`. Anonymous names are ''. */
export type BtfType =
  | { readonly kind: 'void' }
  | BtfInt
  | { readonly kind: 'float'; readonly name: string; readonly size: number }
  | { readonly kind: 'pointer'; readonly type: BtfTypeId }
  | { readonly kind: 'array'; readonly type: BtfTypeId; readonly index: BtfTypeId; readonly length: number }
  | BtfStruct
  | BtfEnum
  | { readonly kind: 'forward'; readonly name: string; readonly union: boolean }
  | { readonly kind: BtfModifier; readonly name: string; readonly type: BtfTypeId }
  | { readonly kind: 'function'; readonly name: string; readonly type: BtfTypeId; readonly linkage: BtfLinkage }
  | { readonly kind: 'prototype'; readonly returns: BtfTypeId; readonly parameters: readonly BtfParameter[] }
  | { readonly kind: 'variable'; readonly name: string; readonly type: BtfTypeId; readonly linkage: BtfLinkage }
  | BtfDataSection
  | { readonly kind: 'declTag'; readonly name: string; readonly type: BtfTypeId; readonly component: number };

export interface BtfInt {
  readonly kind: 'int';
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Bits in use, and where they begin. */
  readonly bits: number;
  readonly bitOffset: number;
  readonly signed: boolean;
  readonly bool: boolean;
}

export interface BtfStruct {
  readonly kind: 'struct' | 'union';
  readonly name: string;
  readonly size: number;
  readonly members: readonly BtfMember[];
}

export interface BtfMember {
  readonly name: string;
  readonly type: BtfTypeId;
  /** From the start of the struct. */
  readonly bitOffset: number;
  /** Of a bit field; 0 for an ordinary member. */
  readonly bitSize: number;
}

/** ENUM and ENUM64. */
export interface BtfEnum {
  readonly kind: 'enum';
  readonly name: string;
  readonly size: number;
  readonly signed: boolean;
  readonly values: readonly { readonly name: string; readonly value: bigint }[];
}

export interface BtfDataSection {
  readonly kind: 'dataSection';
  readonly name: string;
  readonly size: number;
  readonly variables: readonly { readonly type: BtfTypeId; readonly offset: number; readonly size: number }[];
}

/** What only gives another type a name or a quality. */
export type BtfModifier = 'typedef' | 'volatile' | 'const' | 'restrict' | 'typeTag';
export type BtfLinkage = 'static' | 'global' | 'extern';
/** The last parameter of a function with a variable number of them is void. */
export interface BtfParameter {
  readonly name: string;
  readonly type: BtfTypeId;
}

export type BtfKind = BtfType['kind'];
export type BtfTypeOf<Kind extends BtfKind> = OfKind<BtfType, Kind>;
/** Unlike `Extract`, takes an interface that stands for two kinds. */
type OfKind<Type extends BtfType, Kind> = Type extends BtfType ? (Kind extends Type['kind'] ? Type : never) : never;
