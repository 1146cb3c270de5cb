import { inOneProcess } from '@attn/tooling-vitest';
import preset from '@attn/tooling-vitest/browser';

export default async () => inOneProcess(await preset());
