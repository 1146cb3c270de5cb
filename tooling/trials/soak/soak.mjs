// Random work on all backends at once while things break. Every call must end: with the right numbers, or
// with a typed error that the fault or the caller explains.
import { compareOutput, oracle } from '@attn/conformance';
import { AttnError, createAttn } from '@attn/core';
import { mulberry32 } from '@attn/core/backend';
import { FAULTS, faultsOf, watchDevices } from './faults.mjs';
import { growth, sampleMemory } from './memory.mjs';
import { pick, randomWork } from './random-work.mjs';

/** Calls that run at the same time. */
const LANES = 6;
/** Milliseconds after which a call hangs. Software GPUs compile slowly on busy machines. */
const PATIENCE = 120_000;
/** Share of calls that their caller aborts after a moment. */
const ABORTED = 0.1;
/** Share of calls during which something breaks, of those that something can break. */
const BROKEN = 0.15;
/** Milliseconds within which it breaks: most calls end before, those that compile for a GPU do not. */
const SOON = 10;
/** Share of calls without a named backend, which must therefore survive any fault. */
const UNNAMED = 0.4;

/** Errors that a call with a named backend may end with when that backend breaks. */
const EXPLAINED = ['WORKER_DIED', 'DEVICE_LOST'];

/**
 * Opens all backends of the project. Their estimates are random, so that calls without a name go to each of
 * them.
 */
async function openAttn(random) {
  // Dawn's classes: every device is watched from the first on.
  watchDevices((await import('webgpu')).globals.GPUAdapter);
  const backends = [
    (await import('@attn/webgpu')).webgpu(),
    (await import('@attn/onnx/node')).onnx(),
    (await import('@attn/wasm')).wasm({ threads: 2 }),
    (await import('@attn/cpu')).cpu(),
  ];
  for (const backend of backends) backend.estimate = random;
  return createAttn({ backends, cache: false });
}

/**
 * Runs random work with random faults.
 * @param seconds how long
 * @param seed seed of the random work
 * @param log called with each event
 */
export async function soak({ seconds, seed, log }) {
  const whole = mulberry32(seed);
  const random = () => whole() / 2 ** 32;
  const attn = await openAttn(random);
  const names = attn
    .probe()
    .filter(({ available }) => available)
    .map(({ name }) => name);
  log(
    `backends: ${attn
      .probe()
      .map((probe) => `${probe.name} (${probe.summary ?? probe.reason})`)
      .join(', ')}`,
  );
  const figures = {
    calls: Object.fromEntries(
      [...names, 'unnamed'].map((name) => [name, { right: 0, aborted: 0, explained: 0, unsupported: 0 }]),
    ),
    faults: Object.fromEntries(Object.keys(FAULTS).map((name) => [name, 0])),
    fallbacks: 0,
    wrong: [],
    longest: 0,
    samples: [],
  };
  attn.on('fallback', () => figures.fallbacks++);
  const until = performance.now() + seconds * 1000;
  const isOver = () => performance.now() >= until;

  async function lane() {
    while (!isOver()) {
      const work = randomWork(random);
      const backend = random() < UNNAMED ? undefined : pick(random, names);
      const outcome = await call(work, backend);
      const counts = figures.calls[backend ?? 'unnamed'];
      if (outcome in counts) counts[outcome]++;
      else {
        figures.wrong.push(`${work.id} on ${backend ?? 'the best'}: ${outcome}`);
        log(`WRONG ${figures.wrong.at(-1)}`);
      }
    }
  }

  /** The outcome of a call: the name of a count, or a sentence that says what is wrong. */
  async function call({ graph, inputs }, backend) {
    const controller = random() < ABORTED ? new AbortController() : undefined;
    const timers = [];
    if (controller) timers.push(setTimeout(() => controller.abort(), random() * 20));
    const faults = random() < BROKEN ? faultsOf(backend) : [];
    const fault = faults.length > 0 ? () => breakSomething(pick(random, faults)) : undefined;
    if (fault && random() < 0.5) setTimeout(fault, random() * SOON);
    else fault?.();
    const hang = new Promise((resolve) => {
      timers.push(setTimeout(() => resolve(`did not end within ${PATIENCE} ms`), PATIENCE));
    });
    const start = performance.now();
    const done = attn.run(graph, inputs, { backend, signal: controller?.signal }).then(
      (outputs) => mismatch(graph, inputs, outputs) ?? 'right',
      (error) => judgeError(error, controller, backend, attn.explain(graph)),
    );
    const outcome = await Promise.race([done, hang]);
    figures.longest = Math.max(figures.longest, performance.now() - start);
    for (const timer of timers) clearTimeout(timer);
    return outcome;
  }

  function breakSomething(name) {
    if (!isOver() && FAULTS[name](random)) figures.faults[name]++;
  }

  async function watchMemory() {
    const every = Math.max(1000, (seconds * 1000) / 60);
    while (!isOver()) {
      await pause(every);
      figures.samples.push(await sampleMemory());
      // A backend that failed several times comes last until the next probe, which an application also makes
      // in time.
      await attn.reprobe();
    }
  }

  /** Waits, but not beyond the end. */
  const pause = (ms) =>
    new Promise((resolve) => setTimeout(resolve, Math.min(ms, Math.max(0, until - performance.now()))));

  await Promise.all([...Array.from({ length: LANES }, lane), watchMemory()]);
  await attn.dispose();
  figures.growth = { used: growth(figures.samples, 'used'), resident: growth(figures.samples, 'resident') };
  return figures;
}

/** Says what is wrong with outputs; undefined when nothing is. */
function mismatch(graph, inputs, outputs) {
  for (const [name, expected] of Object.entries(oracle(graph, inputs))) {
    const difference = compareOutput(name, expected, outputs[name]);
    if (difference) return difference.text;
  }
  return undefined;
}

function judgeError(error, controller, backend, answers) {
  if (!(error instanceof AttnError)) return `expected an AttnError, got ${error?.stack ?? error}`;
  if (error.code === 'ABORTED' && controller?.signal.aborted) return 'aborted';
  if (backend !== undefined && EXPLAINED.includes(error.code)) return 'explained';
  const hasSaidSo = answers.some((answer) => answer.backend === backend && !answer.usable);
  if (error.code === 'UNSUPPORTED' && hasSaidSo) return 'unsupported';
  return `${error.code}: ${error.message}`;
}
