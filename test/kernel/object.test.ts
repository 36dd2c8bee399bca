import { afterEach, expect, it } from 'vitest';
import { createAssembler, link, patchMaps, R0, R2 } from '../../src/asm/index.ts';
import {
  bytes,
  createMap,
  createMapHandle,
  type DataValue,
  loadProgram,
  type MapHandle,
  readObject,
  setVariables,
  testRun,
  u32,
} from '../../src/kernel/index.ts';
import { withObject } from '../objects/compile.ts';

const sample = withObject('sample.c', (object) => object);
const open: Disposable[] = [];

afterEach(() => {
  for (const resource of open.splice(0).reverse()) resource[Symbol.dispose]();
});

/** Every map that the fixture's entry uses, by name. */
function createMaps(constants: Record<string, DataValue>): Map<string, MapHandle> {
  const object = readObject(sample);
  const maps = new Map<string, MapHandle>();
  for (const definition of object.maps.filter(({ innerMap }) => innerMap === undefined)) {
    maps.set(definition.name, createMapHandle(definition));
  }
  for (const section of object.dataSections) {
    const contents = section.readOnly ? setVariables(section, constants) : section.bytes;
    const value = bytes(contents.length);
    const map = createMap({ type: 'array', name: section.name.slice(1), key: u32, value, maxEntries: 1 });
    map.update(0, contents);
    if (section.readOnly) map.handle.freeze();
    maps.set(section.name, map.handle);
  }
  open.push(...maps.values());
  return maps;
}

it('a compiled object, linked with a generated function, runs in the kernel as its source says', () => {
  const { functions } = readObject(sample);
  const entry = functions.find(({ name }) => name === 'entry');
  if (entry === undefined) throw new Error('no entry');
  const stage = createAssembler('stage');
  stage.mov(R0, R2);
  stage.exit();
  const program = link(entry, [...functions, stage.finish()]);

  const maps = createMaps({ factor: 5, addend: 4 });
  const code = patchMaps(program, (name) => maps.get(name)?.fd);
  const loaded = loadProgram({ type: 'xdp', name: 'entry', code });
  open.push(loaded);

  // (7 + addend) * factor, by way of .text, the entry's own section and the generated function.
  expect(testRun(loaded, { data: new Uint8Array(64) }).returnValue).toBe(55);
});
