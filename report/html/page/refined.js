// Designs that were evaluated again at cycle level: both values of every objective, side by side.
(() => {
  'use strict';
  const page = globalThis.cairnPage;
  const { escape, digits, integer } = page.format;
  const { data, state } = page;
  const { document: doc, objectives, id } = data;
  const at = (name) => document.getElementById(name);
  const refined = doc.refined ?? [];
  const section = at('section-refined');
  section.hidden = refined.length === 0;
  page.refined = [];
  if (refined.length === 0) return;

  const rowOf = new Map(id.map((design, row) => [design, row]));
  page.refined = refined.map((entry) => ({ ...entry, row: rowOf.get(entry.design) ?? -1 }));
  const signed = (share) => (share === null || share === undefined ? '–' : `${share < 0 ? '−' : '+'}${digits(Math.abs(share) * 100, 3)} %`);
  const differ = (objective) => refined.some((entry) => entry.cycle[objective.name] !== undefined && entry.cycle[objective.name] !== entry.analytical[objective.name]);
  const columns = objectives.filter(differ);
  const failed = refined.filter((entry) => entry.status === 'failed').length;
  at('refined-note').textContent =
    `${integer(refined.length)} designs were simulated cycle by cycle after the search${failed > 0 ? `, of which ${integer(failed)} failed` : ''}. ` +
    'The disagreement is the simulated latency over the analytical one, minus one, of the workload where it is largest; it says how far two models are apart, not how far either is from silicon. ' +
    `${objectives.some((objective) => !columns.includes(objective)) ? 'Objectives not shown are the same at both levels. ' : ''}In the chart above, a diamond is the simulated value of a design.`;
  const heads = ['<th scope="col">Design</th>', ...columns.flatMap((c) => [`<th scope="col" class="number">${escape(c.label)}</th>`, '<th scope="col" class="number">at cycle level</th>']), '<th scope="col" class="number">Disagreement</th>', '<th scope="col">Outcome</th>'];
  const body = page.refined.map((entry) => {
    const design = entry.row >= 0 ? `<a href="#section-design" data-refined="${entry.row}">${escape(entry.design)}</a>` : `${escape(entry.design)} <small>behind the front</small>`;
    const cells = columns.flatMap((c) => [entry.analytical, entry.cycle].map((values) => `<td class="number">${escape(values[c.name] === undefined ? '–' : c.show(values[c.name]))}</td>`));
    const outcome = entry.status === 'feasible' ? 'feasible' : `<strong>${escape(entry.status)}</strong>: ${escape(entry.reason)}`;
    return `<tr><td>${design}</td>${cells.join('')}<td class="number">${signed(entry.disagreement)}</td><td>${outcome}</td></tr>`;
  });
  at('refined-table').innerHTML = `<table class="plain"><thead><tr>${heads.join('')}</tr></thead><tbody>${body.join('')}</tbody></table>`;
  at('refined-table').addEventListener('click', (event) => {
    const row = event.target.dataset?.refined;
    if (row !== undefined) state.select(Number(row));
  });
})();
