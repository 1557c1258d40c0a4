import * as fs from 'node:fs';
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import type {
  LocalWorkspace,
  OutputMap,
  PulumiCommand,
  Stack as AutomationStack,
  Workspace,
} from '@pulumi/pulumi/automation';
import { Bug } from '../errors';
import { homeFolder } from '../paths';
import type { MachineRequest, MachineStack } from '../../stacks/machine';
import { CommandFailure, DetachedCommand } from './command';
import { engineMissing, plain, translate } from './errors';
import { EventReader } from './events';
import { findEngine } from './find';
import { begunElsewhere, enginesOf, isStale, locksNamedIn, outlastLocks, settleLocks } from './locks';
import { endEngine, engineMark, patienceOf, underLimit, type Patience } from './patience';
import { automation } from './sdk';
import {
  createBareState,
  mendState,
  PROJECT,
  readStateIn,
  stackFiles,
  stateOfDeployment,
  type StackState,
} from './state-file';
import type { EngineFound, Stack, StackEvent, StackOptions, StackResource, UpResult } from './types';
import { isConflict, UpdateRecords } from './update-records';

/** How long a stack's other engine on this computer is waited for before a change, seconds: longer than any cloud's create. */
const waitSeconds = 900;
/** How often a command that met a lock is tried again: once when the lock's engine ended, once when it left the lock. */
const mostRetries = 2;

type OnEvent = (event: StackEvent) => void;

/**
 * Opens a job's stack. Nothing is created or locked yet, so it may be called for a job whose stack never came to be.
 *
 * Throws `UserError` `engine-missing`. The methods throw what `errors.ts` and `locks.ts` list.
 */
export async function openStack(options: StackOptions): Promise<Stack> {
  const engine = await findEngine({ env: options.env, home: options.home });
  if (engine === null) throw engineMissing();
  return new JobStack(options, engine);
}

/** The folder of a `file://` backend; null for a backend elsewhere. */
function fileRoot(options: StackOptions): string | null {
  const { backendUrl } = options;
  if (backendUrl === undefined) return homeFolder.state(options.home);
  return backendUrl.startsWith('file://') ? path.resolve(backendUrl.slice('file://'.length)) : null;
}

const programOf = (stack: MachineStack, request: MachineRequest) => () => Promise.resolve({ ...stack(request) });

class JobStack implements Stack {
  private readonly root: string | null;
  private readonly workFolder: string;
  /** For what the engine and its plugins leave in the folder for temporary files: logs of their own, halves of downloads. */
  private readonly passingFolder: string;
  /** Only Pulumi Cloud needs them: all other backends name the process that holds a lock. */
  private readonly records: UpdateRecords | null;
  private readonly patience: Patience;
  private opened: Promise<AutomationStack> | null = null;
  /** How long another engine is waited for: in a teardown it is made to end then. */
  private wait: { readonly waitSeconds: number; readonly saveSeconds?: number } = { waitSeconds };

  constructor(
    private readonly options: StackOptions,
    private readonly engine: EngineFound,
  ) {
    this.root = fileRoot(options);
    this.workFolder = path.join(options.logFolder, 'workspace');
    this.passingFolder = path.join(options.logFolder, 'tmp');
    const inPulumiCloud = /^https?:/.test(options.backendUrl ?? '');
    this.patience = patienceOf(options.env);
    this.records = inPulumiCloud ? new UpdateRecords(path.join(options.logFolder, 'updates')) : null;
  }

  async up(stack: MachineStack, request: MachineRequest, onEvent?: OnEvent, signal?: AbortSignal): Promise<UpResult> {
    await this.settle(onEvent);
    const events = new EventReader(onEvent);
    const result = await this.untilGivenUp(events, signal, async () => {
      const opened = await this.open({ create: true });
      const config = Object.entries(this.options.config ?? {});
      if (config.length > 0) await this.configure(opened.workspace, config);
      return opened.up({ program: programOf(stack, request), onEvent: events.read });
    });
    const output = (name: keyof UpResult): unknown => (result.outputs[name] as { value?: unknown } | undefined)?.value;
    const [address, port, user, machineId] = [output('address'), output('port'), output('user'), output('machineId')];
    if (typeof address !== 'string' || typeof user !== 'string' || !Number.isInteger(Number(port))) {
      throw new Bug(`the stack's outputs are incomplete: ${JSON.stringify(result.outputs)}`);
    }
    return { address, port: Number(port), user, machineId: String(machineId) };
  }

  async change(stack: MachineStack, request: MachineRequest, pattern: string, signal?: AbortSignal): Promise<void> {
    await this.settle(undefined);
    const events = new EventReader(undefined);
    await this.untilGivenUp(events, signal, async () => {
      const opened = await this.open({ create: false });
      await opened.up({ program: programOf(stack, request), target: [pattern], onEvent: events.read });
    });
  }

  async resources(): Promise<{ known: StackResource[]; pending: StackResource[] }> {
    const state = await this.state();
    const brief = ({ urn, type, id }: StackResource): StackResource => ({ urn, type, id });
    return { known: (state?.resources ?? []).map(brief), pending: (state?.pending ?? []).map(brief) };
  }

  async destroy(onEvent?: OnEvent): Promise<void> {
    this.wait = this.patience;
    await this.settle(onEvent);
    const events = new EventReader(onEvent);
    const limit = { job: this.options.job, seconds: this.patience.destroySeconds };
    await this.translated(events, async () => {
      if (!(await this.exists())) return;
      const opened = await this.open({ create: false });
      // What a timer, a watchdog or a person deleted already makes a destroy without refresh fail for ever.
      const destroy = () => opened.destroy({ refresh: true, continueOnError: true, onEvent: events.read });
      await underLimit(limit, () => this.endEngines(events.say), destroy);
    });
  }

  async remove(): Promise<void> {
    this.wait = this.patience;
    await this.settle(undefined);
    await this.translated(new EventReader(undefined), async () => {
      if ((await this.exists()) && !this.isBareOnDisk()) {
        const opened = await this.open({ create: false });
        await opened.workspace.removeStack(this.options.job);
      }
    });
    if (this.root !== null) {
      for (const file of stackFiles(this.root, this.options.job).all) fs.rmSync(file, { recursive: true, force: true });
    }
    fs.rmSync(this.workFolder, { recursive: true, force: true });
    this.opened = null;
  }

  private createdOnDisk(): boolean {
    return this.root !== null && createBareState(this.root, this.options.job);
  }

  /** A stack of a file backend that holds nothing any more is its files: no engine has to be started to delete them. */
  private isBareOnDisk(): boolean {
    const state = this.root === null ? null : readStateIn(this.root, this.options.job);
    return state !== null && state.resources.length === 0 && state.pending.length === 0;
  }

  /** Puts a file backend in order before the engine looks at it. */
  private async settle(onEvent: OnEvent | undefined): Promise<void> {
    if (this.root === null) return;
    const say = (text: string) => onEvent?.({ kind: 'note', text });
    await settleLocks({ root: this.root, job: this.options.job, ...this.wait }, say);
    const found = mendState(this.root, this.options.job);
    if (found === 'restored') say('restored the state of the stack from its backup');
    if (found === 'lost') say('the state of the stack is torn and has no backup: only a sweep by tag finds what lives');
  }

  /** An engine whose work nobody wants any more may finish what it has begun, but not for ever. */
  private async untilGivenUp<T>(
    events: EventReader,
    signal: AbortSignal | undefined,
    work: () => Promise<T>,
  ): Promise<T> {
    if (signal === undefined) return this.translated(events, work);
    const limit = { job: this.options.job, seconds: this.patience.upSeconds, signal };
    return underLimit(
      limit,
      () => this.endEngines(events.say),
      () => this.translated(events, work),
    );
  }

  private async endEngines(say: (text: string) => void): Promise<void> {
    const { job } = this.options;
    await Promise.all(enginesOf(job).map(({ pid }) => endEngine({ pid, job }, this.patience, say)));
  }

  private async translated<T>(events: EventReader, work: () => Promise<T>): Promise<T> {
    for (let retries = 0; ; retries += 1) {
      try {
        return await work();
      } catch (thrown) {
        if (retries < mostRetries && (await this.unlocked(thrown, events))) continue;
        throw translate(thrown, this.options.job, events.errors, this.options.logFolder);
      }
    }
  }

  /** In a backend elsewhere, a lock shows only when it refuses. One whose engine is dead is cancelled. */
  private async unlocked(thrown: unknown, events: EventReader): Promise<boolean> {
    if (this.root !== null || !(thrown instanceof CommandFailure)) return false;
    const { job } = this.options;
    const said = [...events.errors, thrown.outcome.stderr, thrown.outcome.stdout].map(plain).join('\n');
    const conflict = this.records !== null && isConflict(said);
    const locks = conflict ? [...this.records.unfinished(), ...enginesOf(job)] : locksNamedIn(said);
    const [first] = locks;
    if (first === undefined && conflict) throw begunElsewhere(job);
    if (first === undefined) return false;
    const dead = locks.every(isStale);
    await outlastLocks({ locks, job, ...this.wait }, events.say);
    // One that worked until now gave its lock back: what is there by then would be somebody else's.
    if (dead && (await this.cancelled())) {
      const what = conflict ? 'an update that was left in progress' : 'a stale lock';
      events.say(`cancelled ${what}: its engine (process ${first.pid}) is gone`);
    }
    events.forgetErrors();
    return true;
  }

  /** Takes away what a dead engine holds; false when the service did so meanwhile, as the lease of the update ran out. */
  private async cancelled(): Promise<boolean> {
    const workspace = await this.workspace();
    const command = ['cancel', '--yes', '--stack', this.options.job];
    let mine = true;
    try {
      await workspace.pulumiCommand.run(command, workspace.workDir, workspace.envVars);
    } catch (thrown) {
      mine = false;
      if (!(thrown instanceof CommandFailure && /Update has already completed/i.test(thrown.outcome.stderr)))
        throw thrown;
    }
    this.records?.forgetStale();
    return mine;
  }

  private async state(): Promise<StackState | null> {
    if (this.root !== null) return readStateIn(this.root, this.options.job);
    return this.translated(new EventReader(undefined), async () => {
      if (!(await this.exists())) return null;
      const opened = await this.open({ create: false });
      return stateOfDeployment((await opened.exportStack()).deployment);
    });
  }

  private async exists(): Promise<boolean> {
    if (this.root !== null) return fs.existsSync(stackFiles(this.root, this.options.job).state);
    try {
      const workspace = await this.workspace();
      await workspace.pulumiCommand.run(['stack', '--stack', this.options.job], workspace.workDir, workspace.envVars);
      return true;
    } catch (thrown) {
      if (thrown instanceof CommandFailure && /no stack named/.test(thrown.outcome.stderr)) return false;
      throw thrown;
    }
  }

  private async open(how: { create: boolean }): Promise<AutomationStack> {
    this.opened ??= (async () => {
      const workspace = await this.workspace();
      if (how.create && !(await this.exists()) && !this.createdOnDisk()) {
        await workspace.pulumiCommand.run(
          ['stack', 'init', this.options.job, '--secrets-provider', 'passphrase', '--no-select'],
          workspace.workDir,
          workspace.envVars,
        );
      }
      // Every command names its stack. Selecting it would only leave a file in the engine's folder for each job.
      workspace.selectStack = () => Promise.resolve();
      const stack = await automation.Stack.select(this.options.job, workspace);
      // Its own way asks the command line three times after each update: outputs, outputs with secrets, history.
      stack.info = () => Promise.resolve(undefined);
      stack.outputs = () => this.outputs(workspace);
      return stack;
    })();
    try {
      return await this.opened;
    } catch (thrown) {
      this.opened = null;
      throw thrown;
    }
  }

  /** What `pulumi config set-all` writes, without a run of the command line for it. Nothing in it is secret. */
  private async configure(workspace: Workspace, config: readonly (readonly [string, string])[]): Promise<void> {
    const { job } = this.options;
    const file = path.join(this.workFolder, `Pulumi.${job}.yaml`);
    const settings = fs.existsSync(file) ? await workspace.stackSettings(job) : {};
    await workspace.saveStackSettings(job, {
      ...settings,
      config: { ...settings.config, ...Object.fromEntries(config) },
    });
  }

  private async outputs(workspace: DetachedWorkspace): Promise<OutputMap> {
    const { job } = this.options;
    const values = this.root === null ? await printedOutputs(workspace, job) : readStateIn(this.root, job)?.outputs;
    return Object.fromEntries(Object.entries(values ?? {}).map(([name, value]) => [name, { value, secret: false }]));
  }

  private async workspace(): Promise<DetachedWorkspace> {
    for (const folder of [this.workFolder, this.passingFolder]) fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (this.root !== null) fs.mkdirSync(this.root, { recursive: true, mode: 0o700 });
    const command = new DetachedCommand({
      binary: this.engine.binary,
      version: this.engine.version,
      logFolder: this.options.logFolder,
      env: this.environment(),
      records: this.records,
    });
    const workspace = await automation.LocalWorkspace.create({
      workDir: this.workFolder,
      pulumiCommand: command as unknown as PulumiCommand,
      projectSettings: { name: PROJECT, runtime: 'nodejs' },
      secretsProvider: 'passphrase',
      envVars: {},
    });
    return workspace as unknown as DetachedWorkspace;
  }

  private environment(): NodeJS.ProcessEnv {
    const { options } = this;
    const env: NodeJS.ProcessEnv = { ...options.env };
    // The user's own stacks have nothing to say here.
    for (const name of foreign) Reflect.deleteProperty(env, name);
    // Plugins that somebody runs by hand stay: a stand-in of a cloud, or the real plugin under a debugger.
    const attached = [
      ...(env['PULUMI_DEBUG_PROVIDERS'] ? [env['PULUMI_DEBUG_PROVIDERS']] : []),
      ...(options.attach ?? []).map(({ name, port }) => `${name}:${port}`),
    ].join(',');
    const backend = options.backendUrl ?? pathToFileURL(homeFolder.state(options.home)).href;
    return {
      ...env,
      PATH: [path.dirname(this.engine.binary), env['PATH'] ?? ''].join(path.delimiter),
      ...{ TMPDIR: this.passingFolder, TMP: this.passingFolder, TEMP: this.passingFolder },
      PULUMI_HOME: homeFolder.engine(options.home),
      PULUMI_BACKEND_URL: backend,
      PULUMI_CONFIG_PASSPHRASE: options.passphrase,
      PULUMI_SKIP_UPDATE_CHECK: 'true',
      PULUMI_AUTOMATION_API: 'true',
      PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS: 'true',
      [engineMark]: options.job,
      ...(attached === '' ? {} : { PULUMI_DEBUG_PROVIDERS: attached }),
    };
  }
}

async function printedOutputs(workspace: DetachedWorkspace, job: string): Promise<Record<string, unknown>> {
  const command = ['stack', 'output', '--json', '--stack', job];
  const { stdout } = await workspace.pulumiCommand.run(command, workspace.workDir, {});
  return JSON.parse(stdout) as Record<string, unknown>;
}

const foreign = [
  'PULUMI_CONFIG_PASSPHRASE_FILE',
  'PULUMI_STACK',
  'PULUMI_CONFIG',
  'PULUMI_DIY_BACKEND_GZIP',
  'PULUMI_SELF_MANAGED_STATE_GZIP',
];

/** The Automation API's workspace with the command that we gave it, whose `run` its own types keep to themselves. */
type DetachedWorkspace = Omit<LocalWorkspace, 'pulumiCommand'> & {
  readonly pulumiCommand: DetachedCommand;
  selectStack: () => Promise<void>;
} & LocalWorkspace;
