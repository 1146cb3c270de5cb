/** A child process of a contest: prepares a subject, checks its result, then runs it on each order. */
import { peakGrowth, peakResident } from '../memory.ts';
import type { Subject, PreparedSubject, PrepareSubject, Order, Report } from './protocol.ts';

const KINDS: Readonly<Record<Subject['kind'], () => Promise<PrepareSubject>>> = {
  attention: async () => (await import('../subjects/attention.ts')).makeAttention,
  executable: async () => (await import('../subjects/attention.ts')).makeExecutable,
  session: async () => (await import('../subjects/session.ts')).makeSession,
  layer: async () => (await import('../subjects/layer.ts')).makeLayer,
  linear: async () => (await import('../subjects/linear.ts')).makeLinear,
  lsh: async () => (await import('../subjects/lsh.ts')).makeLsh,
  linformer: async () => (await import('../subjects/linformer.ts')).makeLinformer,
  model: async () => (await import('../subjects/model.ts')).makeModel,
  exported: async () => (await import('../subjects/exported.ts')).makeExported,
  pytorch: async () => (await import('../subjects/pytorch.ts')).makePytorch,
  file: async () => (await import('../subjects/file.ts')).makeFile,
  matmul: async () => (await import('../subjects/matmul.ts')).makeMatmul,
  peer: async () => (await import('../subjects/peer.ts')).makePeer,
};

/** A run of this length needs no warm-up: it has its caches and pages back soon after it begins. */
const LONG_MS = 2_000;

let prepared: PreparedSubject | undefined;
let lastMs = 0;

function send(report: Report): void {
  process.send?.(report);
}

async function handleOrder(order: Order): Promise<void> {
  if (order.type === 'prepare') {
    const make = await KINDS[order.candidate.kind]();
    const preparedSubject = await make(order.candidate);
    prepared = preparedSubject;
    const begin = performance.now();
    const growth = await peakGrowth((sample) => preparedSubject.run(sample));
    lastMs = performance.now() - begin;
    send({ type: 'memory', growth, peakRss: peakResident() });
    send({ type: 'prepared', error: await preparedSubject.check() });
    return;
  }
  // While this process slept, others took its caches and pages. One run gets them back.
  if (lastMs < LONG_MS) await prepared?.run();
  const start = performance.now();
  for (let i = 0; i < order.times; i++) await prepared?.run();
  lastMs = (performance.now() - start) / order.times;
  send({ type: 'ran', ms: lastMs });
}

process.on('message', (order) => {
  handleOrder(order as Order).catch((error: unknown) => {
    const text = error instanceof Error ? error.message : String(error);
    send({ type: 'failed', reason: text.split('\n')[0] });
  });
});
// The parent has ended, so this process ends too.
process.on('disconnect', () => process.exit());
