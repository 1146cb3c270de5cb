/** Whatever the functions of this package are called with, they work or say what is wrong. */
import { describeFunctions } from '@attn/conformance/vitest';
import { afterAll } from 'vitest';
import * as module from './index.ts';
import { encoder, useModels } from './serving.testing.ts';

useModels();

/** Wrong options leave it as it is. */
let server: module.ModelServer | undefined;
afterAll(() => server?.close());

describeFunctions([module], {
  createServer: {
    call: (options) => module.createServer(encoder, options),
    args: () => [
      {
        name: 'a',
        apiKeys: ['b'],
        normalize: true,
        onLongText: 'cut',
        backend: 'cpu',
        gatherMs: 1,
        batchInputs: 4,
        batchTokens: 64,
        maxQueue: 9,
        maxInputs: 3,
        maxTokens: 99,
        maxBody: 99,
        requestTimeout: 99,
        answerTimeout: 99,
        onWarning: () => {},
      },
    ],
    options: [0],
    depth: 1,
  },
  'createServer of a model': { call: module.createServer, args: () => [encoder], depth: 0 },
  'ModelServer.listen': {
    call: async (options) => {
      server ??= module.createServer(encoder);
      await server.listen(options);
      await server.close();
      server = undefined;
    },
    args: () => [{ port: 0 }], // wrong names of hosts take seconds to be looked up
    options: [0],
    depth: 1,
  },
});
