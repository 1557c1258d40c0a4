import type { EngineEvent } from '@pulumi/pulumi/automation';
import { plain } from './errors';
import type { StackEvent } from './types';

/** Turns the engine's structured events into ours, and keeps its error messages for the one translation at the end. */
export class EventReader {
  readonly errors: string[] = [];

  constructor(private readonly onEvent: ((event: StackEvent) => void) | undefined) {}

  readonly say = (text: string): void => this.onEvent?.({ kind: 'note', text });

  /** Before the same command runs again. */
  forgetErrors(): void {
    this.errors.length = 0;
  }

  readonly read = (event: EngineEvent): void => {
    const { diagnosticEvent, resourcePreEvent, resOutputsEvent, resOpFailedEvent } = event;
    if (diagnosticEvent !== undefined && diagnosticEvent.ephemeral !== true) {
      const text = plain(diagnosticEvent.message).trim();
      if (diagnosticEvent.severity === 'error') this.errors.push(text);
      if (text !== '') {
        const { urn } = diagnosticEvent;
        this.onEvent?.({ kind: 'message', text, ...(urn === undefined ? {} : { urn }) });
      }
    }
    const step =
      (resourcePreEvent && { metadata: resourcePreEvent.metadata, phase: 'started' as const }) ??
      (resOutputsEvent && { metadata: resOutputsEvent.metadata, phase: 'done' as const }) ??
      (resOpFailedEvent && { metadata: resOpFailedEvent.metadata, phase: 'failed' as const });
    if (step === undefined || step.metadata.op === 'same') return;
    const { op, urn, type } = step.metadata;
    this.onEvent?.({ kind: 'resource', operation: op, phase: step.phase, urn, type, at: event.timestamp * 1000 });
  };
}
