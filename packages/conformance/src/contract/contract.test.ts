/**
 * Backends that break one promise each, and the case that must notice. That a good backend passes,
 * `reference-backend.test.ts` tests.
 */
import { AttnError, type Backend, type Tensor, type Tensors } from '@attn/core';
import type { Executable, RunOptions } from '@attn/core/backend';
import { expect, test } from 'vitest';
import { referenceBackend } from '../reference-backend.ts';
import { contractCases } from './index.ts';
import { memoryGrowth } from './memory.ts';

/** The reference with changed executables. */
function broken(change: (executable: Executable) => Partial<Executable>): Backend {
  const good = referenceBackend();
  return {
    ...good,
    compile: async (...args) => {
      const executable = await good.compile(...args);
      return { ...executable, ...change(executable) };
    },
  };
}

/** A backend whose runs last 300 ms and return their inputs, which is enough for promises about time. */
const slow = (run: (wait: Promise<void>, options: RunOptions) => Promise<void>): Backend =>
  broken(() => ({
    run: async (inputs: Tensors, options: RunOptions = {}) => {
      await run(new Promise((resolve) => setTimeout(resolve, 300)), options);
      return inputs;
    },
  }));

const check = (name: string, backend: Backend): Promise<string | undefined> | undefined =>
  contractCases.find(({ id }) => id === `contract:${name}`)?.check(backend, () => backend);

test('a run that ignores its signal', async () => {
  const backend = broken(({ run }) => ({ run: (inputs) => run(inputs) }));
  expect(await check('aborted', backend)).toContain('expected ABORTED');
});

test('a compilation that looks at its signal only before it begins', async () => {
  const good = referenceBackend();
  const hasty: Backend = {
    ...good,
    compile: async (graph, { signal, ...options } = {}) => {
      signal?.throwIfAborted();
      await new Promise((resolve) => setTimeout(resolve, 50));
      return good.compile(graph, options);
    },
  };
  expect(await check('aborted-compiling', hasty)).toContain('expected ABORTED, got a result');
  expect(await check('aborted-compiling', referenceBackend())).toBeUndefined();
});

test('a compilation that outlives its backend', async () => {
  const make = (): Backend => {
    const [good, otherBackend] = [referenceBackend(), referenceBackend()];
    return { ...good, compile: (...args) => otherBackend.compile(...args) };
  };
  const contractCase = contractCases.find(({ id }) => id === 'contract:backend-disposed-compiling');
  expect(await contractCase?.check(make(), make)).toContain('expected DISPOSED, got a result');
  expect(await contractCase?.check(referenceBackend(), referenceBackend)).toBeUndefined();
});

test('a run that ignores an abort in its midst', async () => {
  expect(
    await check(
      'aborted-midway',
      slow((wait) => wait),
    ),
  ).toContain('expected ABORTED, got a result');
});

test('a run that is disturbed by one that was aborted', async () => {
  let aborted = 0;
  const good = referenceBackend();
  const backend: Backend = {
    ...good,
    compile: async (...args) => {
      const { run, dispose } = await good.compile(...args);
      return {
        dispose,
        run: async (inputs, options) => {
          const outputs = await run(inputs, options).catch((error: unknown) => {
            aborted++;
            throw error;
          });
          outputs.out.data[0] += aborted;
          return outputs;
        },
      };
    },
  };
  expect(await check('aborted-midway', backend)).toContain('out is not what it was before');
});

test('a long run without progress, and progress that shrinks', async () => {
  expect(
    await check(
      'progress',
      slow((wait) => wait),
    ),
  ).toContain('got no report');
  const shrinking = slow(async (wait, { onProgress }) => {
    onProgress?.({ done: 2, total: 3, unit: 'tiles' });
    onProgress?.({ done: 1, total: 3, unit: 'tiles' });
    await wait;
  });
  expect(await check('progress', shrinking)).toContain('expected progress to grow');
});

test('a run that goes on when onProgress throws, and one that ends with an error of its own', async () => {
  const deaf = slow(async (wait, { onProgress }) => {
    try {
      onProgress?.({ done: 1, total: 1, unit: 'tiles' });
    } catch {}
    await wait;
  });
  expect(await check('progress-throws', deaf)).toContain('got a result');
  const wrapping = slow(async (wait, { onProgress }) => {
    await wait;
    try {
      onProgress?.({ done: 1, total: 1, unit: 'tiles' });
    } catch (cause) {
      throw new Error('the kernel failed', { cause });
    }
  });
  expect(await check('progress-throws', wrapping)).toContain('got Error: the kernel failed');
});

test('an executable that runs after its end, a backend that compiles after its own', async () => {
  expect(
    await check(
      'disposed',
      broken(() => ({ dispose: () => {} })),
    ),
  ).toContain('expected DISPOSED');
  const immortal = { ...referenceBackend(), dispose: async () => {} };
  expect(await check('backend-disposed', immortal)).toContain('expected DISPOSED');
});

test('a run that ends with an error of the platform when its backend does', async () => {
  const backend = broken(() => ({ run: () => Promise.reject(new Error('worker terminated')) }));
  expect(await check('backend-disposed-in-flight', backend)).toContain('got Error: worker terminated');
});

test('an output that is its input, or a constant', async () => {
  const returning = (
    name: string,
    change: (data: Tensor['data'], inputs: Tensors) => Tensor['data'],
  ): Backend =>
    broken(({ run }) => ({
      run: async (inputs) => {
        const outputs = await run(inputs);
        const output = outputs[name];
        return output ? { ...outputs, [name]: { ...output, data: change(output.data, inputs) } } : outputs;
      },
    }));
  const input = returning('same', (_, { x }) => x.data);
  expect(await check('inputs-after-result', input)).toContain('after the inputs were overwritten');
  let constant: Tensor['data'] | undefined;
  const keeping = returning('weight', (data) => (constant ??= data));
  expect(await check('inputs-after-result', keeping)).toContain('the next run');
});

test('a run that takes its inputs away', async () => {
  const taking = broken(({ run }) => ({
    run: async (inputs) => {
      const outputs = await run(inputs);
      for (const { data } of Object.values(inputs)) data.fill(0);
      return outputs;
    },
  }));
  expect(await check('inputs-of-overlapping-runs', taking)).toContain('inputs that runs share');
  expect(await check('memory-of-inputs', taking)).toContain('inputs were written to');
});

test('outputs that go elsewhere than the caller said, or are written later', async () => {
  const deaf = broken(({ run }) => ({
    run: (inputs, options) => run(inputs, { ...options, outputs: undefined }),
  }));
  expect(await check('outputs-of-the-caller', deaf)).toContain('is not in the memory that was given for it');
  expect(await check('outputs-refused', deaf)).toContain(
    'an unknown name: expected INVALID_ARGUMENT, got a result',
  );
  let last: Tensors = {};
  const keeping = broken(({ run }) => ({
    run: async (inputs, options) => {
      const outputs = await run(inputs, options);
      for (const { data } of Object.values(last)) data.fill(0);
      last = options?.outputs ?? {};
      return outputs;
    },
  }));
  expect(await check('outputs-of-the-caller', keeping)).toContain(
    'outputs of the caller changed after the run',
  );
});

test('a run that goes on writing when it was aborted', async () => {
  const late = slow(async (wait, { signal, outputs = {} }) => {
    const aborted = new Promise<never>((_, reject) => {
      signal?.addEventListener('abort', () => reject(new AttnError('ABORTED', 'late/run', 'aborted')));
    });
    const written = wait.then(() => Object.values(outputs).forEach(({ data }) => data.fill(0)));
    await Promise.race([written, aborted]);
  });
  expect(await check('aborted-midway', late)).toContain('after its end');
});

test('a host API that refuses shared memory', async () => {
  const picky = broken(({ run }) => ({
    run: async (inputs) => {
      for (const { data } of Object.values(inputs))
        if (data.buffer instanceof SharedArrayBuffer) throw new TypeError('no overload matched');
      return run(inputs);
    },
  }));
  await expect(check('memory-of-inputs', picky)).rejects.toThrow('no overload matched');
});

test('a calibration that finds no numbers where the clock stands still', async () => {
  const still: Backend = {
    ...referenceBackend(),
    calibrate: async () => {
      const start = performance.now();
      return { rate: 1000 / (performance.now() - start) };
    },
  };
  expect(await check('still-time', still)).toContain('expected calibration to find numbers');
  const absurd = { ...referenceBackend(), estimate: () => Infinity };
  expect(await check('still-time', absurd)).toContain('expected an estimate in milliseconds');
});

test('outputs that are never let go', async () => {
  const results: Tensors[] = [];
  const leaking = broken(({ run }) => ({
    run: async (inputs) => {
      const outputs = await run(inputs);
      results.push(outputs);
      return outputs;
    },
  }));
  expect(await check('no-leak', leaking)).toContain('KB more after 300 calls');
  expect(await memoryGrowth(async () => {}, 1)).toBeTypeOf('number');
});

test('wrong arguments that are met with an error of the platform, or ignored', async () => {
  const good = referenceBackend();
  const careless: Backend = { ...good, compile: (graph) => good.compile(graph, { signal: undefined }) };
  expect(await check('compile-arguments', careless)).toContain('with the name zzzzzzzzzzzz: it is ignored');
  const raw = broken(({ run }) => ({ run: (inputs, { signal } = {}) => run(inputs, { signal }) }));
  expect(await check('run-arguments', raw)).toMatch(/1 = null: a raw TypeError: Cannot destructure/);
  expect(await check('run-arguments', good)).toBeUndefined();
});

test('arrays that a backend takes for others', async () => {
  const strict = broken(({ run }) => ({
    run: async (inputs, options) => {
      const isKnown = Object.values(inputs).every(
        ({ data }) => data instanceof Float32Array || data instanceof Uint16Array,
      );
      if (!isKnown) throw new TypeError('expected another array');
      return run(inputs, options);
    },
  }));
  await expect(check('other-realm', strict)).rejects.toThrow('expected another array');
  await expect(check('float16-array', strict)).rejects.toThrow('expected another array');
});
