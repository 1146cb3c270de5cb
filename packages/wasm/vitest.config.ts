import { inOneProcess, replacingModules } from '@attn/tooling-vitest';
import preset from '@attn/tooling-vitest/browser';

export default async () => replacingModules(inOneProcess(await preset()), ['src/remote/no-worker.test.ts']);
