// Breaks things on purpose: ends worker threads and destroys GPU devices, as crashes and driver resets do.
// Load it before any backend is used, because it watches what they start.
import { getBuiltinModule } from 'node:process';

/** Helper threads that are alive. */
const threads = new Set();
/** GPU devices that are not lost. */
const devices = new Set();

/** Milliseconds after which the next threads that start are to end. */
const doomed = [];
/** The most of these. */
const SOON = 20;

const builtin = getBuiltinModule('node:worker_threads');
builtin.Worker = class extends builtin.Worker {
  constructor(...args) {
    super(...args);
    threads.add(this);
    this.once('exit', () => threads.delete(this));
    const life = doomed.shift();
    if (life !== undefined) setTimeout(() => void this.terminate(), life);
  }
};

/** Watches the devices that a WebGPU hands out from now on. */
export function watchDevices(adapterClass) {
  const open = adapterClass.prototype.requestDevice;
  adapterClass.prototype.requestDevice = async function (...args) {
    const device = await open.apply(this, args);
    devices.add(device);
    void device.lost.then(() => devices.delete(device));
    return device;
  };
}

const anyOf = (set, random) => [...set][Math.floor(random() * set.size)];

/** What breaks a backend. */
const WEAKNESSES = { wasm: 'worker ended', webgpu: 'device destroyed' };

/** Faults that can hit a call to this backend, or to whichever is chosen. */
export function faultsOf(backend) {
  return backend === undefined
    ? Object.keys(FAULTS)
    : Object.keys(FAULTS).filter((name) => WEAKNESSES[backend] === name);
}

/** The faults, by name; each says whether it did or will break something. */
export const FAULTS = {
  'worker ended': (random) => {
    const thread = anyOf(threads, random);
    if (thread === undefined) doomed.push(random() * SOON);
    else void thread.terminate();
    return true;
  },
  'device destroyed': (random) => {
    const device = anyOf(devices, random);
    device?.destroy();
    return device !== undefined;
  },
};
