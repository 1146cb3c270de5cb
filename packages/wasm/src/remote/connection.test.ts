/** A connection to a worker that the test plays: who counts as dead, and what is left of a call that failed. */
import { AttnError } from '@attn/core';
import { clock, eventLoopTurn } from '@attn/core/backend';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { StartThread } from '../engine/threads.ts';
import { Connection, type Plan } from './connection.ts';
import type { Answer, Request, Response } from './protocol.ts';

/** A worker, as its page sees it: what was posted to it, and whether it holds the process or has been ended. */
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
      hold: (keepsAlive) => (this.isHeld = keepsAlive),
      terminate: async () => {
        this.isEnded = true;
      },
    };
  };

  get pings(): number {
    return this.posted.filter(({ type }) => type === 'ping').length;
  }
}

const noPlan: Plan = () => Promise.reject(new Error('no plan was to be made'));

let now = 0;

/** What the connection does once a second; undefined while it does not watch. */
let tick: (() => void) | undefined;

/** The next look, that many milliseconds after the last, and what happens before the one after it. */
async function look(milliseconds: number): Promise<void> {
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

/** A connection with one call that waits. */
function waiting() {
  const worker = new FakeWorker();
  const connection = new Connection(worker.start, noPlan);
  const answer = connection.call((call) => ({ type: 'measure', call }));
  return { worker, connection, answer };
}

describe('a worker', () => {
  test('of a page that looks once a minute lives as long as it answers', async () => {
    const { worker, answer } = waiting();
    worker.onPost = ({ type }) => type === 'ping' && setImmediate(() => worker.say({ type: 'pong' }));
    for (let minute = 0; minute < 5; minute++) await look(60_000);
    expect(worker.pings).toBe(5);
    worker.say({ type: 'done', call: 1, value: ANSWER });
    expect(await answer).toBe(ANSWER);
    expect(worker).toMatchObject({ isHeld: false, isEnded: false });
  });

  test('that answered while its page was blocked is heard before it is judged', async () => {
    const { worker, answer } = waiting();
    await look(1000);
    // The answer has arrived, and is heard when the look that comes too late is over.
    setImmediate(() => worker.say({ type: 'pong' }));
    await look(10_500);
    await look(1000);
    expect(worker.pings).toBe(2);
    worker.say({ type: 'done', call: 1, value: ANSWER });
    expect(await answer).toBe(ANSWER);
  });

  test('that was suspended with its page has a second to answer', async () => {
    const { worker, answer } = waiting();
    await look(1000);
    await look(3_600_000);
    worker.say({ type: 'pong' });
    await look(1000);
    worker.say({ type: 'done', call: 1, value: ANSWER });
    expect(await answer).toBe(ANSWER);
  });

  test('that does not answer for ten seconds is ended, and its calls fail', async () => {
    const { worker, connection, answer } = waiting();
    const failed = expect(answer).rejects.toMatchObject({ code: 'TIMEOUT' });
    for (let second = 0; second < 12; second++) await look(1000);
    expect(worker).toMatchObject({ isEnded: false, pings: 1 });
    await look(1000);
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
  const failing: Plan = () => {
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

  test('that an ended worker had asked for is not made', async () => {
    const worker = new FakeWorker();
    const plan = vi.fn(failing);
    const connection = new Connection(worker.start, plan);
    await connection.close();
    worker.say(question);
    expect(plan).not.toHaveBeenCalled();
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
