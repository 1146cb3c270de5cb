// States in buffers: what stays on the device, what a lost device takes with it, and what is given back.
import { f32, GraphBuilder, i32, type State } from '@attn/core';
import { expect, test } from 'vitest';
import { watchDevices } from '../device/watch-devices.testing.ts';
import { webgpu } from '../index.ts';

const spec = { dtype: 'f32', shape: [2, 64, 16] } as const;
const BYTES = 4 * 2 * 64 * 16;

/** Appends a row to the state `log`, and gives back that row of its second part. */
function stepGraph() {
  const builder = new GraphBuilder();
  const rows = builder.input('rows', { dtype: 'f32', shape: [2, 1, 16] });
  const at = builder.input('at', { dtype: 'i32', shape: [1] });
  const log = builder.writeRows(builder.state('log', spec), rows, at, 1);
  return builder.build({ first: builder.slice(log, [1, 0, 0], [2, 1, 16]) });
}

function stepInputs(at: number) {
  return { rows: f32([2, 1, 16], new Float32Array(32).fill(at + 1)), at: i32([1], [at]) };
}

/** A graph whose outputs are the state `log` itself. */
function wholeGraph() {
  const builder = new GraphBuilder();
  const log = builder.state('log', spec);
  return builder.build({ log, flat: builder.reshape(log, [2 * 64 * 16]) });
}

/** Counts the buffers of devices that are opened, and the bytes of the largest that the host can map. */
async function watchBuffers() {
  const counts = { mapped: 0, created: 0, alive: 0 };
  await watchDevices((device) => {
    const create = device.createBuffer.bind(device);
    device.createBuffer = (descriptor) => {
      const buffer = create(descriptor);
      const destroy = buffer.destroy.bind(buffer);
      counts.created++;
      counts.alive++;
      if ((descriptor.usage & 1) !== 0) counts.mapped = Math.max(counts.mapped, descriptor.size);
      buffer.destroy = () => {
        counts.alive--;
        return destroy();
      };
      return buffer;
    };
  });
  return counts;
}

test('steps, reorderings and forks leave the state on the device, and steps create no buffer after the first', async () => {
  const counts = await watchBuffers();
  const backend = webgpu();
  const state = (await backend.createState?.({ log: spec })) as State;
  const step = await backend.compile(stepGraph());
  await step.run(stepInputs(0), { state });
  const { created } = counts;
  for (let at = 1; at < 30; at++) await step.run(stepInputs(at), { state });
  expect(counts.created).toBe(created);
  await state.reorder([1, 1]);
  const fork = await state.fork();
  await fork.dispose();
  expect(counts.mapped).toBeLessThan(BYTES);
  const { data } = await state.read('log');
  expect([data[0], data[29 * 16], data[64 * 16 + 5 * 16], data[30 * 16]]).toEqual([1, 30, 6, 0]);
  await backend.dispose();
  expect(counts.alive).toBe(0);
});

test('buffers of a disposed state, and those that a growing one leaves, serve the next', async () => {
  const counts = await watchBuffers();
  const backend = webgpu();
  const create = async (): Promise<void> => {
    const state = (await backend.createState?.({ log: spec })) as State;
    await state.resize('log', [2, 128, 16]);
    await state.reorder([0, 1, 0, 1]);
    await state.dispose();
  };
  await create();
  const { created } = counts;
  for (let i = 0; i < 5; i++) await create();
  expect(counts.created).toBe(created);
  await backend.dispose();
});

test('tensors of one size are reordered with room for one more, not for all', async () => {
  const counts = await watchBuffers();
  const backend = webgpu();
  const names = ['a', 'b', 'c', 'd'];
  const state = (await backend.createState?.(Object.fromEntries(names.map((name) => [name, spec])))) as State;
  for (const [index, name] of names.entries())
    await state.write(name, {
      ...spec,
      data: new Float32Array(2048).map((_, i) => index + (i < 1024 ? 0 : 10)),
    });
  await state.read('a');
  const { created } = counts;
  await state.reorder([1, 0]);
  // One tensor, the rows, and the parameters.
  expect(counts.created - created).toBeLessThanOrEqual(3);
  for (const [index, name] of names.entries()) {
    const { data } = await state.read(name);
    expect([data[0], data[1023], data[1024], data[2047]]).toEqual([10 + index, 10 + index, index, index]);
  }
  await backend.dispose();
});

test('outputs on the device are copies of a state', async () => {
  const backend = webgpu();
  const state = (await backend.createState?.({ log: spec })) as State;
  await state.write('log', { ...spec, data: new Float32Array(2048).fill(3) });
  const whole = await backend.compile(wholeGraph());
  const { log, flat } = await whole.runOnGpu({}, { state });
  await state.write('log', { ...spec, data: new Float32Array(2048).fill(4) });
  const builder = new GraphBuilder();
  const sum = builder.add(
    builder.input('log', spec),
    builder.reshape(builder.input('flat', { dtype: 'f32', shape: [2048] }), spec.shape),
  );
  const add = await backend.compile(builder.build({ sum }));
  // The type of `run` in core does not know tensors on the device.
  const outputs = await add.run({ log, flat } as never);
  expect(outputs.sum.data.every((value) => value === 6)).toBe(true);
  log.dispose();
  flat.dispose();
  expect((await state.read('log')).data[2047]).toBe(4);
  await backend.dispose();
});

test('a lost device takes its states with it; others are created on the next one', async () => {
  const opened: GPUDevice[] = [];
  await watchDevices((device) => void opened.push(device));
  const backend = webgpu();
  const state = (await backend.createState?.({ log: spec })) as State;
  const step = await backend.compile(stepGraph());
  await step.run(stepInputs(0), { state });
  opened[0].destroy();
  await opened[0].lost;
  const lost = { code: 'DEVICE_LOST' };
  for (let i = 0; i < 2; i++) {
    await expect(step.run(stepInputs(1), { state })).rejects.toMatchObject(lost);
    await expect(state.read('log')).rejects.toMatchObject(lost);
    await expect(state.write('log', { ...spec, data: new Float32Array(2048) })).rejects.toMatchObject(lost);
    await expect(state.reorder([1, 0])).rejects.toMatchObject(lost);
    await expect(state.resize('log', [2, 70, 16])).rejects.toMatchObject(lost);
    await expect(state.fork()).rejects.toMatchObject(lost);
  }
  await state.dispose();
  const next = (await backend.createState?.({ log: spec })) as State;
  const { first } = await step.run(stepInputs(0), { state: next });
  expect(first.data[0]).toBe(1);
  expect(opened).toHaveLength(2);
  await backend.dispose();
});

test('a tensor that no kernel could bind is refused, and nothing is left of the others', async () => {
  const counts = await watchBuffers();
  const backend = webgpu();
  await backend.probe();
  const { alive } = counts;
  const huge = { dtype: 'f32', shape: [2 ** 20, 1024] } as const;
  await expect(backend.createState?.({ log: spec, huge })).rejects.toMatchObject({
    code: 'OUT_OF_MEMORY',
    message: expect.stringMatching(/state huge takes 4294967296 bytes, and this device binds at most \d+/),
  });
  expect(counts.alive).toBe(alive);
  const state = (await backend.createState?.({ log: spec })) as State;
  await state.write('log', { ...spec, data: new Float32Array(2048).fill(2) });
  await expect(state.resize('log', [2 ** 16, 1024, 16])).rejects.toMatchObject({ code: 'OUT_OF_MEMORY' });
  expect(state.specs.log.shape).toEqual([2, 64, 16]);
  expect((await state.read('log')).data[2047]).toBe(2);
  await backend.dispose();
});

test('an executable that is disposed while a run waits for its state still does that run', async () => {
  const backend = webgpu();
  const state = (await backend.createState?.({ log: spec })) as State;
  const [step, other] = [await backend.compile(stepGraph()), await backend.compile(stepGraph())];
  const earlier = other.run(stepInputs(0), { state });
  const waiting = step.run(stepInputs(1), { state });
  step.dispose();
  await earlier;
  expect((await waiting).first.data[0]).toBe(1);
  await expect(step.run(stepInputs(2), { state })).rejects.toMatchObject({ code: 'DISPOSED' });
  await backend.dispose();
});
