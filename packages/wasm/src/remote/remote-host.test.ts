/** Executables whose worker was replaced, when compiling anew fails. The test plays the workers. */
import { f32, GraphBuilder } from '@attn/core';
import { PlanCache } from '@attn/core/backend';
import { expect, test } from 'vitest';
import type { ThreadEvents } from '../engine/threads.ts';
import { localPlans } from '../plan-source.ts';
import type { Request, Response } from './protocol.ts';
import { RemoteHost } from './remote-host.ts';

/** A host whose workers answer at once, and say what they were asked, if it can be sent; `kill` ends the last one. */
function fakeHost() {
  const asked: string[] = [];
  const memory = { isFull: false };
  let last: ThreadEvents | undefined;
  const host = new RemoteHost({
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
          asked.push(request.type);
          const response = respond(request);
          if (response) queueMicrotask(() => events.onMessage?.(response));
        },
        hold: () => {},
        terminate: async () => {},
      };
    },
  });
  return { host, asked, memory, kill: () => last?.onDeath('the test ended it') };
}

function twice() {
  const builder = new GraphBuilder();
  const x = builder.input('x', { dtype: 'f32', shape: [2] });
  return builder.build({ y: builder.add(x, x) });
}

const inputs = { x: f32([2], [1, 2]) };

test('a graph that could not be sent to a new worker is not run there, and is sent by the next run', async () => {
  const { host, asked, memory, kill } = fakeHost();
  const executable = await host.compile(twice(), localPlans(new PlanCache()));
  kill();
  asked.length = 0;
  memory.isFull = true;
  for (let i = 0; i < 2; i++) {
    await expect(executable.run(inputs)).rejects.toMatchObject({ code: 'OUT_OF_MEMORY' });
  }
  expect(asked).toEqual(['start']);
  memory.isFull = false;
  expect(await executable.run(inputs)).toEqual({ y: f32([2], [1, 2]) });
  expect(asked).toEqual(['start', 'compile', 'run']);
  await host.dispose();
});

test('runs that overlap compile once at a new worker', async () => {
  const { host, asked, kill } = fakeHost();
  const executable = await host.compile(twice(), localPlans(new PlanCache()));
  kill();
  asked.length = 0;
  await Promise.all([executable.run(inputs), executable.run(inputs)]);
  expect(asked).toEqual(['start', 'compile', 'run', 'run']);
  await host.dispose();
});
