// Runs a command to its end, or to the end of patience, and gives back what it said.
import { spawn } from 'node:child_process';

/** Milliseconds after which a command counts as one that hangs. */
const PATIENCE = 300_000;

/** Output of a command; throws with all of it when the command fails or does not end. */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32',
      timeout: PATIENCE,
      ...options,
    });
    const said = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr']) child[stream].on('data', (data) => (said[stream] += data));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve(said.stdout);
      else {
        const how = signal ? `was stopped by ${signal}` : `ended with ${code}`;
        reject(new Error(`${command} ${args.join(' ')} ${how}\n${said.stdout}${said.stderr}`));
      }
    });
  });
}
