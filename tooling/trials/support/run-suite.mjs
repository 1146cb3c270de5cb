// The suite on a backend, in any runtime: counts for each op, failures, and reasons for what is unsupported.
import { isInPart, suite } from '@attn/conformance';

/** The backends of the project as their tests make them: with poisoned memory, if they have that option. */
const BACKENDS = {
  cpu: async () => (await import('@attn/cpu')).cpu({ poison: true }),
  wasm: async () => (await import('@attn/wasm')).wasm({ poison: true }),
  webgpu: async () => (await import('@attn/webgpu')).webgpu(),
  onnx: async () => (await import('@attn/onnx')).onnx(),
};

/** Names of all backends. */
export const BACKEND_NAMES = Object.keys(BACKENDS);

/** The op of a test; goldens, properties and the contract count as ops of their own. */
const groupOf = (id) => (id.startsWith('attn:') ? id.split(':')[1] : id.split(':')[0]);

/**
 * Runs the suite.
 * @param backend name of the backend
 * @param of run one in so many tests of the suite
 * @param onProgress called with the number of tests that are done, and of all
 */
export async function runSuite({ backend: name, of = 1 }, onProgress = () => {}) {
  const make = BACKENDS[name];
  let backend = await make();
  const probe = await backend.probe();
  if (!probe.available) return { unavailable: probe.reason };
  const tests = (await suite()).filter(({ id }) => of === 1 || isInPart({ part: 0, of }, id));
  const report = { summary: probe.summary, groups: {}, failures: [], reasons: {} };
  for (const [index, test] of tests.entries()) {
    const result = await withLimit(test, backend, make, of);
    const group = (report.groups[groupOf(test.id)] ??= { passed: 0, failed: 0, unsupported: 0 });
    group[result.status]++;
    if (result.status === 'failed')
      report.failures.push({ id: test.id, message: result.message.slice(0, 2000) });
    if (result.status === 'unsupported')
      report.reasons[result.reason] = (report.reasons[result.reason] ?? 0) + 1;
    if (result.hangs) backend = await make(); // the old one is in an unknown state
    onProgress(index + 1, tests.length);
  }
  await backend.dispose();
  return report;
}

/** How many times the suite's own limits a test may take: some runtimes compile more slowly. */
const PATIENCE = 4;

/** Runs a test; one that does not end has failed. */
function withLimit(test, backend, make, of) {
  return new Promise((resolve) => {
    const limit = PATIENCE * test.timeout;
    const message = `${test.id} did not end within ${limit} ms`;
    const timer = setTimeout(() => resolve({ id: test.id, status: 'failed', message, hangs: true }), limit);
    test.run(backend, make, of).then((result) => {
      clearTimeout(timer);
      resolve(result);
    });
  });
}
