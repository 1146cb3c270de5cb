/** Faults in the computation of results: numerics, rows that are not written, shared or stale memory. */
import { type Tensors } from '@attn/core';
import { halfToNumber, numberToHalf } from '@attn/core/backend';
import { evaluateRounded } from '../reference-backend.ts';
import { giving, type Fault } from './fault.testing.ts';

export const outputFaults: readonly Fault[] = [
  {
    name: 'a hidden NaN leaks through a weight of 0',
    among: 'attn:attention:*v@*=NaN*',
    make: giving((outputs, { v }) => {
      if (v.data.some(Number.isNaN)) outputs.out = { ...outputs.out, data: outputs.out.data.map(() => NaN) };
    }),
  },
  {
    name: 'NaN is lost',
    among: 'attn:attention:*=NaN*',
    make: giving((outputs) => {
      outputs.out = {
        ...outputs.out,
        data: outputs.out.data.map((value) => (Number.isNaN(value) ? 0 : value)),
      };
    }),
  },
  {
    name: 'empty rows divide 0 by 0',
    among: 'attn:attention:*keyMask=none*',
    make: giving((outputs) => {
      const width = outputs.out.data.length / outputs.lse.data.length;
      const data = outputs.out.data.map((value, i) =>
        outputs.lse.data[Math.floor(i / width)] === -Infinity ? NaN : value,
      );
      outputs.out = { ...outputs.out, data };
    }),
  },
  {
    name: 'lse in base 2',
    among: 'attn:attention:full;*',
    make: giving((outputs) => {
      if (outputs.lse)
        outputs.lse = { ...outputs.lse, data: outputs.lse.data.map((value) => value / Math.LN2) };
    }),
  },
  {
    name: 'no maximum is subtracted, so that exp overflows',
    among: 'attn:attention:*data=halves*',
    make: giving((outputs) => {
      const width = outputs.out.data.length / outputs.lse.data.length;
      const data = outputs.out.data.map((value, i) =>
        outputs.lse.data[Math.floor(i / width)] > 88 ? NaN : value,
      );
      outputs.out = { ...outputs.out, data };
    }),
  },
  {
    name: 'sums in half precision',
    among: 'attn:attention:full;n=*',
    make: giving((outputs) => {
      outputs.out = {
        ...outputs.out,
        data: outputs.out.data.map((value) => halfToNumber(numberToHalf(value))),
      };
    }),
  },
  {
    name: 'the last, ragged tile is not written',
    among: 'attn:attention:window=3;n=*',
    make: giving((outputs, { q }) => {
      const [, , n, dim] = q.shape;
      const data = outputs.out.data.map((value, i) =>
        Math.floor(i / dim) % n >= n - (n % 64) ? NaN : value,
      );
      outputs.out = { ...outputs.out, data };
    }),
  },
  {
    name: 'q is scaled in place',
    among: 'attn:attention:full;n=*',
    make: giving((_outputs, { q }) => {
      for (let i = 0; i < q.data.length; i++) q.data[i] *= 0.5;
    }),
  },
  {
    name: 'the first result is returned again',
    among: 'attn:attention:full;n=*',
    make: () => {
      let first: Tensors | undefined;
      return (graph, inputs) => (first ??= evaluateRounded(graph, inputs));
    },
  },
  {
    name: 'outputs are written into the same arrays at each run',
    among: 'attn:attention:full;n=*',
    make: () => {
      let previous: Tensors | undefined;
      return (graph, inputs) => {
        const outputs = evaluateRounded(graph, inputs);
        if (previous?.out.data.length === outputs.out.data.length) previous.out.data.set(outputs.out.data);
        else previous = outputs;
        return { ...outputs, out: previous.out };
      };
    },
  },
  {
    name: 'an output shares memory with an input',
    among: 'attn:graph:*',
    make: giving((outputs, inputs) => {
      const { out } = outputs;
      const { x } = inputs;
      if (out === undefined || x === undefined || out.shape.join() !== x.shape.join()) return;
      if (out.data.every((value, i) => value === x.data[i])) outputs.out = x;
    }),
  },
  {
    name: 'an output is missing',
    among: 'attn:attention:full;n=*',
    make: giving((outputs) => {
      delete outputs.lse;
    }),
  },
  {
    name: 'an output has another shape',
    among: 'attn:attention:full;n=*',
    make: giving((outputs) => {
      outputs.out = { ...outputs.out, shape: [outputs.out.data.length] };
    }),
  },
];
