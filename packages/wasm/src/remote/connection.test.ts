/** The connection to a worker that the test plays: which workers count as dead, and how failed calls end. */
import { AttnError } from '@attn/core';
import { clock, eventLoopTurn } from '@attn/core/backend';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { StartThread } from '../engine/threads.ts';
import { Connection, type MakePlan } from './connection.ts';
import type { Answer, Request, Response } from './protocol.ts';

/**
 * A worker as its page sees it: the messages to it, whether it keeps the process alive, whether it was ended.
 */
class FakeWorker {
  readonly posted: Request[] = [];
  isHeld = false;
  isEnded = false;
  say: (response: Response) => void = () => {};
  onPost: (request: Request) => void = () => {};

  readonly start: StartThread = ({ onMessage }) => {
    this.say = (response) => onMessage?.(response);
    return {
      post: (message) => {
        this.onPost(message as Request);
        this.posted.push(message as Request);
      },
      ref: () => (this.isHeld = true),
      unref: () => (this.isHeld = false),
      terminate: async () => {
        this.isEnded = true;
      },
    };
  };

  get pings(): number {
    return this.posted.filter(({ type }) => type === 'ping').length;
  }
}

const noPlan: MakePlan = () => Promise.reject(new Error('no plan was expected'));

let now = 0;

/** The connection's watchdog, which runs once a second; undefined while it does not watch. */
let tick: (() => void) | undefined;

/** Lets milliseconds pass until the next tick, and handles messages before the one after it. */
async function pass(milliseconds: number): Promise<void> {
  now += milliseconds;
  tick?.();
  await eventLoopTurn();
}

beforeEach(() => {
  now = 5000;
  tick = undefined;
  vi.spyOn(clock, 'now').mockImplementation(() => now);
  vi.spyOn(clock, 'setInterval').mockImplementation((callback) => {
    tick = callback;
    return 0 as never;
  });
  vi.spyOn(clock, 'clearInterval').mockImplementation(() => (tick = undefined));
});

afterEach(() => {
  vi.restoreAllMocks();
});

const ANSWER: Answer = { rate: 7, copyNs: 1, gain: 1, wakingMs: 0 };

/** A connection with a call that waits. */
function waiting() {
  const worker = new FakeWorker();
  const connection = new Connection(worker.start, noPlan);
  const answer = connection.call((call) => ({ type: 'measure', call }));
  return { worker, connection, answer };
}

describe('a worker', () => {
  test('of a page that ticks once a minute lives as long as it answers', async () => {
    const { worker, answer } = waiting();
    worker.onPost = ({ type }) => type === 'ping' && setImmediate(() => worker.say({ type: 'pong' }));
    for (let minute = 0; minute < 5; minute++) await pass(60_000);
    expect(worker.pings).toBe(5);
    worker.say({ type: 'done', call: 1, value: ANSWER });
    expect(await answer).toBe(ANSWER);
    expect(worker).toMatchObject({ isHeld: false, isEnded: false });
  });

  test('that answered while its page was blocked is alive', async () => {
    const { worker, answer } = waiting();
    await pass(1000);
    // The answer has arrived, and is handled after the tick that comes too late.
    setImmediate(() => worker.say({ type: 'pong' }));
    await pass(10_500);
    await pass(1000);
    expect(worker.pings).toBe(2);
    worker.say({ type: 'done', call: 1, value: ANSWER });
    expect(await answer).toBe(ANSWER);
  });

  test('that was suspended with its page has a second to answer', async () => {
    const { worker, answer } = waiting();
    await pass(1000);
    await pass(3_600_000);
    worker.say({ type: 'pong' });
    await pass(1000);
    worker.say({ type: 'done', call: 1, value: ANSWER });
    expect(await answer).toBe(ANSWER);
  });

  test('that does not answer for ten seconds is ended, and its calls fail', async () => {
    const { worker, connection, answer } = waiting();
    const failed = expect(answer).rejects.toMatchObject({ code: 'TIMEOUT' });
    for (let second = 0; second < 12; second++) await pass(1000);
    expect(worker).toMatchObject({ isEnded: false, pings: 1 });
    await pass(1000);
    await failed;
    expect(worker).toMatchObject({ isHeld: false, isEnded: true });
    expect(connection.isOver).toBe(true);
    await expect(connection.call((call) => ({ type: 'measure', call }))).rejects.toMatchObject({
      code: 'TIMEOUT',
    });
  });
});

describe('a plan', () => {
  const question = { type: 'plan', request: 3, executable: 1, node: 0, data: {} } as const;
  const failing: MakePlan = () => {
    throw new AttnError('INTERNAL', 'wasm/worker', 'there is no such node');
  };

  test('that fails at once is an answer, not an uncaught error', async () => {
    const worker = new FakeWorker();
    new Connection(worker.start, failing);
    worker.say(question);
    await eventLoopTurn();
    const error = { code: 'INTERNAL', message: '[attn/wasm] worker: there is no such node' };
    expect(worker.posted).toEqual([{ type: 'unplanned', request: 3, error }]);
  });

  test('that a worker asked for before it was ended is not made', async () => {
    const worker = new FakeWorker();
    const makePlan = vi.fn(failing);
    const connection = new Connection(worker.start, makePlan);
    await connection.close();
    worker.say(question);
    expect(makePlan).not.toHaveBeenCalled();
  });
});

describe('a call', () => {
  test('whose request cannot be made leaves nothing behind', async () => {
    const worker = new FakeWorker();
    const connection = new Connection(worker.start, noPlan);
    const unreadable = connection.call(() => {
      throw new Error('the file is gone');
    });
    await expect(unreadable).rejects.toThrow('the file is gone');
    expect(worker).toMatchObject({ isHeld: false, posted: [] });
    expect(tick).toBeUndefined();
  });

  test('whose request cannot be copied is OUT_OF_MEMORY, and leaves nothing behind', async () => {
    const worker = new FakeWorker();
    const connection = new Connection(worker.start, noPlan);
    const cause = new DOMException('Data cannot be cloned, out of memory.', 'DataCloneError');
    worker.onPost = () => {
      throw cause;
    };
    const controller = new AbortController();
    const failed = connection.call((call) => ({ type: 'measure', call }), undefined, controller.signal);
    await expect(failed).rejects.toMatchObject({ code: 'OUT_OF_MEMORY', cause });
    expect(worker.isHeld).toBe(false);
    expect(tick).toBeUndefined();
    worker.onPost = () => {};
    controller.abort();
    expect(worker.posted).toEqual([]);
  });

  test('that fails does not end the watch of another', async () => {
    const { worker, connection, answer } = waiting();
    const unreadable = connection.call(() => {
      throw new Error('the file is gone');
    });
    await expect(unreadable).rejects.toThrow('the file is gone');
    expect(worker.isHeld).toBe(true);
    expect(tick).toBeDefined();
    worker.say({ type: 'done', call: 1, value: ANSWER });
    expect(await answer).toBe(ANSWER);
  });
});
