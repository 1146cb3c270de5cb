// Servers that a project's own tools start, such as the development server of a bundler.
import { spawn } from 'node:child_process';

/** Milliseconds that a server has to say where it is. */
const PATIENCE = 60_000;

/** Starts a script of Node's that serves the project, hands its address to `use`, and ends it. */
export async function whileServing(folder, script, args, use) {
  const env = { ...process.env, NO_COLOR: '1', NEXT_TELEMETRY_DISABLED: '1' };
  delete env.FORCE_COLOR;
  const stdio = ['ignore', 'pipe', 'pipe'];
  const child = spawn(process.execPath, [script, ...args], { cwd: folder, env, stdio });
  const ended = new Promise((resolve) => child.on('close', resolve));
  try {
    return await use(await addressOf(child));
  } finally {
    child.kill();
    await ended;
  }
}

/** The first address of this machine that a server prints. */
function addressOf(child) {
  return new Promise((resolve, reject) => {
    let said = '';
    const fail = (how) => reject(new Error(`[attn/tooling] the server ${how}\n${said}`));
    const timer = setTimeout(() => fail(`did not start within ${PATIENCE / 1000} s`), PATIENCE);
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data) => {
        said += data;
        const [address] = /http:\/\/(?:localhost|127\.0\.0\.1):\d+/.exec(said) ?? [];
        if (address === undefined) return;
        clearTimeout(timer);
        resolve(`${address}/`);
      });
    }
    child.on('close', () => {
      clearTimeout(timer);
      fail('ended');
    });
  });
}
