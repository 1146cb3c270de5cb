import preset, { inOneProcess } from '@attn/tooling-vitest';

export default inOneProcess(preset);
