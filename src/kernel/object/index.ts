/** Compiled objects: ELF, BTF, and the TypeScript that can be generated from it. Needs no kernel. */
export { type Btf, parseBtf } from './btf.ts';
export type * from './btf-types.ts';
export { type DataSection, type DataValue, type DataVariable, setVariables } from './data-section.ts';
export type { ObjectMap } from './map.ts';
export { type BpfObject, type ObjectFunction, readObject } from './object.ts';
export { generateTypescript, type TypescriptOptions } from './typescript.ts';
