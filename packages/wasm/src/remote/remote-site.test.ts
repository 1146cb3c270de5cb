/** Executables whose worker was replaced, when compiling them again fails. The test plays the workers. */
import { f32, GraphBuilder } from '@attn/core';
import { PlanCache } from '@attn/core/backend';
import { expect, test } from 'vitest';
import type { ThreadEvents } from '../engine/threads.ts';
import { localPlans } from '../plan-source.ts';
import type { Request, Response } from './protocol.ts';
import { RemoteSite } from './remote-site.ts';

/**
 * A site whose workers answer at once. `requests` lists what was sent to them; `kill` ends the last worker.
 */
function fakeSite() {
  const requests: string[] = [];
  const memory = { isFull: false };
  let last: ThreadEvents | undefined;
  const site = new RemoteSite({
    threads: 1,
    startEngine: (events) => {
      last = events;
      const compiled = new Set<number>();
      const respond = (request: Request): Response | undefined => {
        switch (request.type) {
          case 'start':
            return {
              type: 'done',
              call: request.call,
              value: { available: true, summary: 'fake', features: {} },
            };
          case 'compile':
            compiled.add(request.executable);
            return { type: 'done', call: request.call, value: undefined };
          case 'run': {
            const { call, executable } = request;
            return compiled.has(executable)
              ? { type: 'done', call, value: { y: f32([2], [1, 2]) } }
              : { type: 'failed', call, error: { code: 'INTERNAL', message: 'it was never compiled' } };
          }
          default:
            return undefined;
        }
      };
      return {
        post: (message) => {
          const request = message as Request;
          if (memory.isFull && request.type === 'compile')
            throw new DOMException('too big', 'DataCloneError');
          requests.push(request.type);
          const response = respond(request);
          if (response) queueMicrotask(() => events.onMessage?.(response));
        },
        ref: () => {},
        unref: () => {},
        terminate: async () => {},
      };
    },
  });
  return { site, requests, memory, kill: () => last?.onDeath('the test ended it') };
}

function twice() {
  const builder = new GraphBuilder();
  const x = builder.input('x', { dtype: 'f32', shape: [2] });
  return builder.build({ y: builder.add(x, x) });
}

const inputs = { x: f32([2], [1, 2]) };

test('a graph that could not be sent to a new worker is not run there, and is sent by the next run', async () => {
  const { site, requests, memory, kill } = fakeSite();
  const executable = await site.compile(twice(), localPlans(new PlanCache()));
  kill();
  requests.length = 0;
  memory.isFull = true;
  for (let i = 0; i < 2; i++) {
    await expect(executable.run(inputs)).rejects.toMatchObject({ code: 'OUT_OF_MEMORY' });
  }
  expect(requests).toEqual(['start']);
  memory.isFull = false;
  expect(await executable.run(inputs)).toEqual({ y: f32([2], [1, 2]) });
  expect(requests).toEqual(['start', 'compile', 'run']);
  await site.dispose();
});

test('runs that overlap compile once in a new worker', async () => {
  const { site, requests, kill } = fakeSite();
  const executable = await site.compile(twice(), localPlans(new PlanCache()));
  kill();
  requests.length = 0;
  await Promise.all([executable.run(inputs), executable.run(inputs)]);
  expect(requests).toEqual(['start', 'compile', 'run', 'run']);
  await site.dispose();
});
