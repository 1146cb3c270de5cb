// The runtimes that the tools bring, all of them npm packages: on a
// machine that has none of them, npm is enough.

/** What everything is built and tested with. */
export const NODE = '24.21.0';

/** The oldest line of Node that is still supported and that packages are tried on. */
export const OLDER_NODE = '22.23.3';

/** The npm package of a Node for this machine, where there is one. */
export function nodePackage(version) {
  const platform = `${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  return ['linux-x64', 'linux-arm64', 'win-x64'].includes(platform)
    ? `node-${platform}@${version}`
    : undefined;
}

/** Others, each with the package it comes from and the command that runs a script. */
export const DENO = { name: 'Deno', spec: 'deno@2.9.6', command: ['deno', 'run', '--allow-all'] };
export const BUN = { name: 'Bun', spec: 'bun@1.4.5', command: ['bun'] };

/** Arguments of npx that run a script in a runtime of an npm package. */
export function inRuntime({ spec, command }, ...script) {
  return ['--yes', '--prefer-offline', '--loglevel=error', '-p', spec, '--', ...command, ...script];
}
