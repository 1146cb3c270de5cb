/**
 * Predictions: what they grow with, and what calibration does to them. How true they are, the bench tells
 * (`regret`).
 */
import { causal, full, GraphBuilder, slidingWindow, zeros, type Graph, type Pattern } from '@attn/core';
import { codesShape, PlanCache, scalesShape } from '@attn/core/backend';
import { expect, test } from 'vitest';
import { parseCalibration } from './calibrate.ts';
import { DEFAULT_SPEED, predict, type Speed } from './predict.ts';

const ALONE: Speed = { ...DEFAULT_SPEED, threads: 1, fuses: true };

function attention(n: number, pattern: Pattern, heads = 8): Graph {
  const builder = new GraphBuilder();
  const input = (name: string) => builder.input(name, { dtype: 'f32', shape: [1, heads, n, 64] });
  const { out } = builder.attention({ q: input('q'), k: input('k'), v: input('v') }, { pattern });
  return builder.build({ out });
}

function ms(graph: Graph, speed: Speed = ALONE): number {
  return predict(graph, new PlanCache(), speed);
}

test('dense attention costs n², a window n', () => {
  expect(ms(attention(4096, full())) / ms(attention(2048, full()))).toBeCloseTo(4, 0);
  const window = slidingWindow({ before: 64, after: 64 });
  expect(ms(attention(8192, window)) / ms(attention(4096, window))).toBeCloseTo(2, 1);
});

test('fused attention is cheaper per pair than scanned attention', () => {
  const window = slidingWindow({ before: 256, after: 256 });
  const share = (512 + 64) / 4096;
  expect(share * ms(attention(4096, full()))).toBeLessThan(ms(attention(4096, window)));
  expect(ms(attention(1024, full()), { ...ALONE, fuses: false })).toBeGreaterThan(
    ms(attention(1024, full())),
  );
});

test('causal attention costs little more than half of dense attention', () => {
  const share = ms(attention(8192, causal())) / ms(attention(8192, full()));
  expect(share).toBeGreaterThan(0.5);
  expect(share).toBeLessThan(0.65);
});

test('a key mask and biases cost less than the window that they are added to', () => {
  const pattern = slidingWindow({ before: 256, after: 256 });
  const build = (names: readonly ('keyMask' | 'bias' | 'relativeBias')[]) => {
    const builder = new GraphBuilder();
    const input = (name: string, shape: readonly number[], dtype: 'f32' | 'bool' = 'f32') =>
      builder.input(name, { dtype, shape });
    const operand = (name: string) => input(name, [1, 8, 4096, 64]);
    const { out } = builder.attention(
      {
        q: operand('q'),
        k: operand('k'),
        v: operand('v'),
        keyMask: names.includes('keyMask') ? input('keyMask', [1, 4096], 'bool') : undefined,
        bias: names.includes('bias') ? input('bias', [4096, 4096]) : undefined,
        relativeBias: names.includes('relativeBias') ? input('relativeBias', [8, 65]) : undefined,
      },
      { pattern },
    );
    return ms(builder.build({ out }));
  };
  for (const name of ['keyMask', 'bias', 'relativeBias'] as const) {
    expect(build([name])).toBeGreaterThan(build([]));
    expect(build([name])).toBeLessThan(1.4 * build([]));
  }
});

test('a machine that is twice as slow in everything takes twice as long', () => {
  const slow = { ...ALONE, overhead: 2, dense: 2, scanned: 2 };
  for (const graph of [attention(16, full()), attention(512, causal())]) {
    expect(ms(graph, slow)).toBeCloseTo(2 * ms(graph), 9);
  }
});

test('threads help each kind of work as much as was measured, in short calls and in long ones', () => {
  const gains = { denseGain: 1, scannedGain: 1, longDenseGain: 1.9, longScannedGain: 0.5 };
  const speed = { ...ALONE, threads: 2, ...gains };
  const faster = (graph: Graph): number => ms(graph) / ms(graph, speed);
  const window = slidingWindow({ before: 512, after: 512 });
  expect(faster(attention(256, causal()))).toBeCloseTo(1, 9);
  expect(faster(attention(256, full()))).toBeCloseTo(1, 9);
  expect(faster(attention(8192, full()))).toBeGreaterThan(1.7);
  expect(faster(attention(8192, causal()))).toBeGreaterThan(1.7);
  expect(faster(attention(8192, window))).toBeLessThan(0.7);
});

test('copies of much data are no faster on many threads than on two', () => {
  const gains = { denseGain: 16, scannedGain: 16, longDenseGain: 16, longScannedGain: 16 };
  const builder = new GraphBuilder();
  const input = (name: string, heads: number, n: number) =>
    builder.input(name, { dtype: 'f32', shape: [1, heads, n, 64] });
  const operands = { q: input('q', 32, 1), k: input('k', 8, 8192), v: input('v', 8, 8192) };
  const { out } = builder.attention(operands, { pattern: full() });
  const graph = builder.build({ out });
  const faster = ms(graph) / ms(graph, { ...ALONE, threads: 16, ...gains });
  expect(faster).toBeGreaterThan(1.9);
  expect(faster).toBeLessThan(3);
});

test('a step of a decoder costs what its keys and values take to read, and what is written to them nothing', () => {
  const step = (capacity: number, rows: number, isWritten = true) => {
    const builder = new GraphBuilder();
    const input = (name: string, n: number) => builder.input(name, { dtype: 'f32', shape: [1, 8, n, 64] });
    const at = builder.input('at', { dtype: 'i32', shape: [1] });
    const cache = (name: string) => {
      const state = builder.state(`${name}s`, { dtype: 'f32', shape: [1, 8, capacity, 64] });
      return isWritten ? builder.writeRows(state, input(name, rows), at, 2) : state;
    };
    const keyLengths = builder.input('keyLengths', { dtype: 'i32', shape: [1] });
    const operands = { q: input('q', rows), k: cache('k'), v: cache('v'), keyLengths };
    return ms(builder.build({ out: builder.attention(operands, { pattern: full() }).out }));
  };
  expect((step(32_768, 1) - step(16_384, 1)) / (step(16_384, 1) - step(8192, 1))).toBeCloseTo(2, 5);
  expect(step(16_384, 1) - step(16_384, 1, false)).toBeLessThan(0.1);
  expect(step(16_384, 1)).toBeLessThan(0.5 * step(16_384, 17));
});

test('products of a graph count, views do not', () => {
  const build = (isTwice: boolean) => {
    const builder = new GraphBuilder();
    const x = builder.input('x', { dtype: 'f32', shape: [512, 512] });
    const y = builder.reshape(builder.matmul(x, x), [512 * 512]);
    return builder.build({ y: isTwice ? builder.reshape(y, [512, 512]) : y });
  };
  expect(ms(build(true))).toBe(ms(build(false)));
  expect(ms(build(true))).toBeGreaterThan((2 * 512 ** 3 * 0.006) / 1e6);
});

test('products with codes cost what their operators do', () => {
  const build = (rows: number, bits: 4 | 8, block: number, inputs?: 'int8' | 'int12') => {
    const builder = new GraphBuilder();
    const format = { bits, block };
    const codes = zeros('u8', codesShape(3072, 768, format));
    const scales = zeros('f32', scalesShape(3072, 768, format));
    const matrix = { codes: builder.constant(codes), scales: builder.constant(scales) };
    const x = builder.input('x', { dtype: 'f32', shape: [rows, 768] });
    return builder.build({ y: builder.quantizedLinear(x, matrix, undefined, { ...format, inputs }) });
  };
  const dense = (rows: number) => {
    const builder = new GraphBuilder();
    const x = builder.input('x', { dtype: 'f32', shape: [rows, 768] });
    return builder.build({ y: builder.linear(x, builder.constant(zeros('f32', [3072, 768]))) });
  };
  // Many rows: bytes are faster than numbers; codes that become numbers hardly matter.
  expect(ms(build(4096, 8, 768, 'int8'))).toBeLessThan(0.7 * ms(dense(4096)));
  expect(ms(build(4096, 8, 768)) / ms(dense(4096))).toBeCloseTo(1, 1);
  // One row: they are all the work, least where MatMulNBits unpacks them.
  expect(ms(build(1, 8, 32))).toBeGreaterThan(2 * ms(dense(1)));
  expect(ms(build(1, 4, 32))).toBeLessThan(ms(build(1, 8, 32)));
  expect(ms(build(1, 8, 768, 'int8'))).toBeLessThan(ms(build(1, 8, 768)));
  expect(ms(build(64, 8, 32, 'int12'))).toBeGreaterThan(ms(build(64, 8, 768, 'int12')));
});

test.each([
  [null],
  [3],
  [{ overhead: 1, dense: 1, scanned: 1, denseGain: 1, scannedGain: 1, longDenseGain: 1 }],
  [{ overhead: 1, dense: 0, scanned: 1, denseGain: 1, scannedGain: 1, longDenseGain: 1, longScannedGain: 1 }],
  [
    {
      overhead: 1,
      dense: '1',
      scanned: 1,
      denseGain: 1,
      scannedGain: 1,
      longDenseGain: 1,
      longScannedGain: 1,
    },
  ],
])('%j is not a calibration', (json) => expect(parseCalibration(json)).toBeUndefined());

test('a calibration is read as it was written', () => {
  const calibration = {
    overhead: 1,
    dense: 2,
    scanned: 3,
    denseGain: 1.5,
    scannedGain: 1,
    longDenseGain: 2,
    longScannedGain: 2,
  };
  expect(parseCalibration({ ...calibration, more: 'ignored' })).toEqual(calibration);
});
