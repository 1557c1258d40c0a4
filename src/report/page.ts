import { bytesText, durationText, moneyText, quantization, type Receipt } from './receipt';

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as HTML shows it: names come from outside and stay data. */
function text(value: string | number): string {
  return String(value).replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

function row(name: string, value: string): string {
  return `<tr><th>${text(name)}</th><td>${value}</td></tr>`;
}

function bars(receipt: Receipt): string {
  const longest = Math.max(...receipt.stages.map((stage) => stage.seconds), 0.1);
  return receipt.stages
    .map(
      (stage) =>
        `<tr><th>${text(stage.name)}</th><td><i style="width:${((stage.seconds / longest) * 100).toFixed(1)}%"></i></td><td>${text(durationText(stage.seconds))}</td><td>${text(stage.result)}</td></tr>`,
    )
    .join('\n');
}

/** The receipt as one HTML page that stands alone (no script, nothing loaded from elsewhere). */
export function receiptPage(receipt: Receipt): string {
  const { model, similarity, teardown, cost, problem } = receipt;
  const rows = [
    row('Result', text(receipt.result)),
    ...(problem === null ? [] : [row('Problem', text(`${problem.message}: ${problem.cause}. ${problem.fix}`))]),
    ...(model === null
      ? []
      : [
          row(
            'Model',
            `${text(model.path)}<br>${text(bytesText(model.bytes))}, sha256 <code>${text(model.sha256)}</code>`,
          ),
        ]),
    ...(similarity === null
      ? []
      : [
          row(
            `${quantization(receipt)} against FP32`,
            text(
              `cosine ${similarity.cosine.toFixed(4)}, euclidean ${similarity.euclidean.toFixed(4)}, ${similarity.sqnr.toFixed(1)} dB`,
            ),
          ),
        ]),
    row('Where', text(`${receipt.provider} ${receipt.region} ${receipt.size}`)),
    row('When', text(`${receipt.startedAt} to ${receipt.endedAt}`)),
    row('Cost', text(`${moneyText(cost.actual, cost.currency)} (estimate ${moneyText(cost.estimate, cost.currency)})`)),
    row(
      'Left behind',
      text(
        teardown.left.length === 0
          ? `nothing (checked ${teardown.checkedAt ?? 'never'})`
          : teardown.left.map((one) => `${one.type} ${one.id}`).join(', '),
      ),
    ),
    row(
      'Versions',
      text(
        Object.entries(receipt.versions)
          .map(([name, version]) => `${name} ${version}`)
          .join(', '),
      ),
    ),
  ];
  const inputs = receipt.inputs
    .filter((input) => input.kind !== 'image')
    .map(
      (input) => `<li>${text(input.kind)}: ${text(input.path)} <code>${text(input.sha256.slice(0, 16))}…</code></li>`,
    );
  const pictures = receipt.inputs.filter((input) => input.kind === 'image').length;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>cvicast ${text(receipt.job)}</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1c2733; }
table { border-collapse: collapse; width: 100%; } th { text-align: left; font-weight: 600; padding: .3rem 1rem .3rem 0; vertical-align: top; white-space: nowrap; }
td { padding: .3rem .5rem .3rem 0; overflow-wrap: anywhere; } i { display: block; height: .8rem; background: #2f7dd1; border-radius: 2px; min-width: 2px; }
pre { background: #f2f5f8; padding: 1rem; overflow-x: auto; } .stages td:nth-child(2) { width: 60%; }
</style>
<h1>${text(receipt.job)}</h1>
<table>
${rows.join('\n')}
</table>
<h2>Stages</h2>
<table class="stages">
${bars(receipt)}
</table>
<h2>Inputs</h2>
<ul>
${inputs.join('\n')}
<li>${pictures} calibration pictures</li>
</ul>
<h2>Commands</h2>
<pre>${text(receipt.commands.join('\n'))}</pre>
</html>
`;
}
