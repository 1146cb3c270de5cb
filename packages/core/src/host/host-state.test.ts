/** The memory of states: how much of it there is, and what is left of it when something fails. */
import { describe, expect, test } from 'vitest';
import { AttnError } from '../errors.ts';
import { GraphBuilder } from '../graph/builder.ts';
import { f32, i32 } from '../tensor.ts';
import { compileGraph } from './executor.ts';
import { HostStates } from './host-state.ts';
import { referenceKernels } from './reference-kernels.testing.ts';
import { bufferRegion, type Region } from './region.ts';

/** Memory that counts its bytes, and that is full beyond a limit. New memory is dirty. */
class CountedMemory {
  live = 0;
  peak = 0;
  limit = Infinity;

  allocate = (bytes: number): Region => {
    if (this.live + bytes > this.limit) throw new RangeError('full');
    const region = bufferRegion(bytes);
    new Uint8Array(region.buffer).fill(255);
    this.live += bytes;
    this.peak = Math.max(this.peak, this.live);
    return { ...region, release: () => void (this.live -= bytes) };
  };
}

const SPECS = {
  a: { dtype: 'f32', shape: [2, 2] },
  b: { dtype: 'f32', shape: [2, 2] },
  c: { dtype: 'i32', shape: [3] },
} as const;

async function filled(memory: CountedMemory) {
  const states = new HostStates('test', { allocate: memory.allocate });
  const state = await states.createState(SPECS);
  await state.write('a', f32([2, 2], [1, 2, 3, 4]));
  await state.write('c', i32([3], [7, 8, 9]));
  return { states, state };
}

describe('the memory of a state', () => {
  test('begins as zeros, and is released', async () => {
    const memory = new CountedMemory();
    const { states, state } = await filled(memory);
    expect([...(await state.read('b')).data]).toEqual([0, 0, 0, 0]);
    await state.fork();
    expect(memory.live).toBe(2 * 44);
    await state.resize('a', [2, 4]);
    expect(memory.live).toBe(2 * 44 + 16);
    await state.dispose();
    expect(memory.live).toBe(44);
    await states.dispose();
    expect(memory.live).toBe(0);
  });

  test('needs room for one more tensor to be reordered, not for all', async () => {
    const memory = new CountedMemory();
    const { state } = await filled(memory);
    await state.reorder([1, 0], ['a', 'b']);
    expect([...(await state.read('a')).data]).toEqual([3, 4, 1, 2]);
    expect([memory.live, memory.peak]).toEqual([44, 44 + 16]);
    await state.reorder([0, 1], ['a', 'b']);
    await state.reorder([0, 1, 2], ['c']);
    expect([memory.live, memory.peak]).toEqual([44, 44 + 16]);
  });

  test('stays as it was when there is no more', async () => {
    const memory = new CountedMemory();
    const { state } = await filled(memory);
    memory.limit = 44 + 12;
    const full = { code: 'OUT_OF_MEMORY' };
    await expect(state.reorder([1, 1], ['c', 'a'])).rejects.toMatchObject(full);
    await expect(state.reorder([1, 0], ['a'])).rejects.toMatchObject(full);
    await expect(state.resize('a', [2, 3])).rejects.toMatchObject(full);
    await expect(state.fork()).rejects.toMatchObject(full);
    expect(memory.live).toBe(44);
    expect([...(await state.read('a')).data]).toEqual([1, 2, 3, 4]);
    expect([...(await state.read('c')).data]).toEqual([7, 8, 9]);
    expect(state.specs).toEqual(SPECS);
    const states = new HostStates('test', { allocate: memory.allocate });
    await expect(states.createState(SPECS)).rejects.toBeInstanceOf(AttnError);
    expect(memory.live).toBe(44);
  });

  test('grows along any axes, and what was there stays in place', async () => {
    const { state } = await filled(new CountedMemory());
    await state.resize('a', [3, 4]);
    expect([...(await state.read('a')).data]).toEqual([1, 2, 0, 0, 3, 4, 0, 0, 0, 0, 0, 0]);
  });
});

describe('steps on a state', () => {
  /** sum[at] = row, and the sum of all rows. */
  function step() {
    const builder = new GraphBuilder();
    const log = builder.state('log', { dtype: 'f32', shape: [8, 2] });
    const row = builder.relu(builder.input('row', { dtype: 'f32', shape: [1, 2] }));
    const written = builder.writeRows(log, row, builder.input('at', { dtype: 'i32', shape: [1] }));
    return builder.build({ total: builder.reduce(written, 0, 'sum') });
  }

  test('allocate nothing that stays, and see the state only through views', async () => {
    const memory = new CountedMemory();
    const { allocate } = memory;
    const states = new HostStates('test', { allocate });
    const options = { backend: 'test', kernels: referenceKernels, allocate, states, poison: true };
    const executable = compileGraph(step(), options);
    await using state = await states.createState({ log: { dtype: 'f32', shape: [8, 2] } });
    const lives = new Set<number>();
    let total = 0;
    for (let position = 0; position < 200; position++) {
      const row = f32([1, 2], [position, 1]);
      const outputs = await executable.run({ row, at: i32([1], [position % 8]) }, { state });
      total = outputs.total.data[0];
      if (position > 0) lives.add(memory.live);
    }
    expect(total).toBe(192 + 193 + 194 + 195 + 196 + 197 + 198 + 199);
    expect(lives.size).toBe(1);
    executable.dispose();
  });

  test('that were called before their executable was disposed still run, and then it is released', async () => {
    const released: string[] = [];
    const states = new HostStates('test');
    const executable = compileGraph(step(), {
      backend: 'test',
      kernels: referenceKernels,
      states,
      onRelease: () => released.push('released'),
    });
    await using state = await states.createState({ log: { dtype: 'f32', shape: [8, 2] } });
    const inputs = { row: f32([1, 2], [1, 2]), at: i32([1], [0]) };
    const runs = [0, 1].map(() => executable.run(inputs, { state }));
    executable.dispose();
    expect(released).toEqual([]);
    expect((await Promise.all(runs)).map(({ total }) => [...total.data])).toEqual([
      [1, 2],
      [1, 2],
    ]);
    await state.read('log');
    expect(released).toEqual(['released']);
  });
});
