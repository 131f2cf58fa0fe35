// The first lines: question, counts, and one sentence with the answer.
(() => {
  'use strict';
  const page = globalThis.cairnPage;
  const { escape, integer, quantity, digits, percent } = page.format;
  const { document: doc, objectives, knobs, varying, knee, id, rows } = page.data;
  const { study, counts } = doc;
  const at = (name) => document.getElementById(name);

  document.title = `${study.name}: Cairn report`;
  at('study-name').textContent = study.name;
  at('question').textContent = study.question || study.name;

  const duration = (seconds) => (seconds >= 120 ? `${digits(seconds / 60)} min` : quantity(seconds, 's'));
  const signed = (value) => `${value < 0 ? '−' : '+'}${percent(Math.abs(value))}`;
  const share = (count) => (counts.points > 0 ? `${percent((100 * count) / counts.points)} of all` : '');
  const facts = [
    ['Points evaluated', integer(counts.points), counts.seconds > 0 ? `in ${duration(counts.seconds)}, ${integer(Math.round(counts.points_per_second))} points/s` : ''],
    ['Infeasible', integer(counts.infeasible), share(counts.infeasible)],
    ['Failed', integer(counts.failed), counts.failed > 0 ? share(counts.failed) : 'none'],
    ['On the front', integer(counts.front), `of ${integer(counts.feasible)} feasible`],
    ['Worst analytical-vs-cycle disagreement', counts.worst_disagreement === null || counts.worst_disagreement === undefined ? 'not measured' : signed(counts.worst_disagreement * 100),
      counts.worst_disagreement === null || counts.worst_disagreement === undefined ? 'no point was checked cycle by cycle' : 'on the front', 'wide'],
    ['Fidelity', study.fidelity, '', 'text'],
    ['Quality source', study.quality_source || 'none', '', 'text wide'],
  ];
  at('facts').innerHTML = facts.map(([name, value, small, kind = '']) =>
    `<div class="${kind.includes('wide') ? 'wide' : ''}"><dt>${escape(name)}</dt><dd class="${kind.includes('text') || value === 'not measured' ? 'text' : ''}">${escape(value)}${small ? `<small>${escape(small)}</small>` : ''}</dd></div>`).join('');

  if (rows === 0) {
    const worst = [...(doc.infeasible ?? [])].sort((a, b) => b.count - a.count)[0];
    const excess = (value) => (value === null || value === undefined ? '' : `, by ${percent(value)} at least`);
    at('headline').textContent = `None of ${integer(counts.points)} points meets every constraint.` +
      (worst ? ` Most fail this one: ${worst.constraint} (${integer(worst.count)} points${excess(worst.min_excess_percent)}).` : '');
    return;
  }
  const list = (parts) => (parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`);
  const lower = (text) => (/^[A-Z][a-z]/.test(text) ? text[0].toLowerCase() + text.slice(1) : text);
  const spans = objectives.map((objective) => {
    const [low, high] = objective.range ?? [NaN, NaN];
    return low === high ? `${escape(lower(objective.label))} is <b>${escape(objective.show(low))}</b>` : `${escape(lower(objective.label))} from <b>${escape(objective.show(low))}</b> to <b>${escape(objective.show(high))}</b>`;
  });
  const settings = (varying.length > 0 ? varying : knobs).map((knob) => `${escape(knob.label)} ${escape(knob.text(knee))}`);
  const few = settings.length > 8 ? [...settings.slice(0, 8), `${settings.length - 8} more`] : settings;
  at('headline').innerHTML =
    `${rows === 1 ? 'One design is' : `<b>${integer(rows)} designs</b> are`} on the Pareto front: ${list(spans)}. ` +
    `The knee, <a href="#section-design" id="knee-link">design ${escape(id[knee])}</a>, reaches ${list(objectives.map((o) => `<b>${escape(o.text(knee))}</b>`))}` +
    `${few.length > 0 ? ` with ${list(few)}` : ''}.`;
  at('knee-note').textContent = 'Knee: the design nearest to the ideal point when each objective runs from 0 (best on the front) to 1 (worst), by its logarithm where it spans more than a decade. It weighs all objectives alike; choose another in the chart or the table.';
  at('knee-link').addEventListener('click', () => page.state.select(knee));
})();
