import type { Emit, JobEvent } from '../job/events';
import type { JobStage } from '../job/journal';
import { durationText } from '../report/receipt';
import type { Output } from './output';

/** What each stage does, for people. */
export const words: Readonly<Record<JobStage, string>> = {
  preflight: 'checking',
  plan: 'planning',
  up: 'starting the machine',
  bootstrap: 'installing the toolchain',
  send: 'sending model and pictures',
  transform: 'transforming the graph',
  calibrate: 'calibrating',
  deploy: 'quantising for the chip',
  verify: 'comparing the finished model with the float model',
  fetch: 'bringing the model home',
  down: 'tearing down',
};

/** How a job's events look: JSON lines (unless the command answers with one document), a live line, or plain lines. */
export function renderer(output: Output, options: { events: boolean } = { events: true }): Emit {
  const told = new Map<JobStage, number>();
  return (event: JobEvent) => {
    if (options.events) output.object({ ...event, at: new Date().toISOString() });
    switch (event.type) {
      case 'job':
        output.talk(`job ${event.job} on ${event.provider}; it ends by ${event.expiresAt}`);
        break;
      case 'warning':
        output.talk(`${output.paint('yellow', 'warning:')} ${event.message}`);
        break;
      case 'note':
        output.talk(event.message);
        break;
      case 'stage':
        stage(event);
        break;
    }
  };

  function stage(event: Extract<JobEvent, { type: 'stage' }>): void {
    const name = event.stage.padEnd(9);
    switch (event.phase) {
      case 'begun':
        told.set(event.stage, 0);
        if (output.live) output.status(`${name} ${words[event.stage]}…`);
        else output.talk(`${name} ${words[event.stage]}${event.note === undefined ? '' : ` (${event.note})`}`);
        break;
      case 'progress': {
        const percent = event.fraction === null ? '' : ` ${Math.floor(event.fraction * 100)} %`;
        output.status(`${name} ${words[event.stage]}…${percent}${event.note === undefined ? '' : ` ${event.note}`}`);
        // Without a terminal, a line each quarter shows that it lives, and does not flood a log.
        const quarter = event.fraction === null ? 0 : Math.floor(event.fraction * 4);
        if (!output.live && quarter > (told.get(event.stage) ?? 0) && quarter < 4) {
          told.set(event.stage, quarter);
          output.talk(`${name}${percent}`);
        }
        break;
      }
      case 'ended': {
        const note = event.note === undefined ? '' : ` (${event.note})`;
        if (event.result === 'done')
          output.talk(`${output.paint('green', name)} ${durationText(event.seconds)}${note}`);
        else output.talk(`${output.paint(event.result === 'skipped' ? 'dim' : 'red', name)} ${event.result}${note}`);
        break;
      }
    }
  }
}
