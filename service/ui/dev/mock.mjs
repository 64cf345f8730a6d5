// A service of fixtures to build the page against: state, stream, commands and alerts, in memory, no safety.
// `node dev/mock.mjs [port]` serves ../static and /api. Any password but "wrong" logs in; POST /mock/{silence,drop,rescue,expire}.
import { createServer } from 'node:http';
import { existsSync, readFileSync } from 'node:fs';
import { extname, join, normalize } from 'node:path';

const here = import.meta.dirname;
const fixtures = join(here, '../src/design/fixtures');
const read = (name) => JSON.parse(readFileSync(join(fixtures, `${name}.json`), 'utf8'));
const LIVES = { 'north-quay': read('rescue'), 'south-quay': read('no-indication') };
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.png': 'image/png' };
const CSP = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'";

let run = ulid();
let sequence = 40;
let session = null;
let silent = new Set();
const streams = new Set();
const scans = new Map();
const alerts = new Map();
const commands = new Map();
const ended = [];

function ulid() {
  const letters = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
  let time = Date.now();
  let out = '';
  for (let n = 0; n < 10; n += 1, time = Math.floor(time / 32)) out = letters[time % 32] + out;
  for (let n = 0; n < 16; n += 1) out += letters[Math.floor(Math.random() * 32)];
  return out;
}

function me(name, role = 'officer') {
  const permissions = { officer: ['command_lanes', 'handle_alerts'], auditor: ['read_audit'] }[role] ?? [];
  return { name, role, permissions, expires_utc_ms: Date.now() + 12 * 3600e3, locked: false, locks_utc_ms: Date.now() + 900e3, has_pin: false };
}

function scanOf(lane, live, extra = {}) {
  return {
    id: live.scan_id, lane_id: lane, state: 'open', declaration: live.declaration, opened_utc_ms: Date.now() - 90e3,
    opened_by: 'officer.north', closed_utc_ms: null, closed_by: '', visits: live.visit, in_visit: true,
    recommendation: live.assessment?.recommendation ?? null, final: live.assessment?.final ?? false,
    assessment: live.assessment, assessed_utc_ms: Date.now() - 2000, interrupted: false, alert_id: null, version: 1, ...extra,
  };
}

const OFF_SHELF = { shelved_utc_ms: null, shelved_until_utc_ms: null, shelved_by: '', shelved_reason: '' };

function alertOf(scan, level, extra = {}) {
  return {
    id: ulid(), scan_id: scan.id, lane_id: scan.lane_id, plate: scan.declaration?.plate ?? '', level, state: 'raised',
    raised_utc_ms: Date.now() - 20e3, raised_by: `lane ${scan.lane_id}`, reasons: scan.assessment?.reasons ?? [],
    persons_likely: scan.assessment?.persons?.likely ?? null, minutes_low: scan.assessment?.life_risk.minutes_low ?? null,
    acknowledged_utc_ms: null, acknowledged_by: '', outcome: null, closed_utc_ms: null, closed_by: '', version: 1,
    owner: '', assigned_to: '', assigned_is_account: false, assigned_by: '', assigned_utc_ms: null, due_utc_ms: null, escalation: 0,
    ...OFF_SHELF, ...extra,
  };
}

function begin() {
  for (const [lane, live] of Object.entries(LIVES)) {
    live.scan_id = ulid();
    const scan = scanOf(lane, live);
    scans.set(scan.id, scan);
    if (live.assessment?.recommendation === 'rescue') put('alert', alertOf(scan, 'rescue'));
  }
  const search = read('search');
  for (let n = 0; n < 5; n += 1) {
    const hours = (n + 1) * 900e3;
    const live = { ...search, scan_id: ulid(), declaration: { ...search.declaration, plate: `OLD-${100 + n}-X` } };
    const scan = scanOf('north-quay', live, {
      state: 'closed', in_visit: false, closed_utc_ms: Date.now() - hours, closed_by: 'officer.north', opened_utc_ms: Date.now() - hours - 120e3,
    });
    scans.set(scan.id, scan);
    const outcome = { kind: 'nothing_found', people: null, medical_help: false, note: 'Boxes only', by: 'officer.north', utc_ms: Date.now() - hours };
    const step = { raised_utc_ms: scan.opened_utc_ms + 60e3, acknowledged_utc_ms: scan.opened_utc_ms + 70e3, acknowledged_by: 'officer.north' };
    if (n === 0) put('alert', alertOf(scan, 'search', { state: 'raised', minutes_low: null, raised_utc_ms: Date.now() - 65e3 }));
    if (n === 1) put('alert', alertOf(scan, 'search', { ...step, state: 'outcome', outcome }));
    if (n === 2) put('alert', alertOf(scan, 'search', { ...step, state: 'closed', outcome, closed_utc_ms: Date.now() - hours, closed_by: 'officer.north' }));
  }
}

function put(kind, resource) {
  ({ scan: scans, alert: alerts, command: commands })[kind].set(resource.id, resource);
  if (kind === 'alert') {
    const scan = scans.get(resource.scan_id);
    if (scan && scan.alert_id !== resource.id) put('scan', { ...scan, alert_id: resource.id, version: scan.version + 1 });
  }
  sequence += 1;
  const text = `event: ${kind}\ndata: ${JSON.stringify(resource)}\nid: ${sequence}\n\n`;
  ended.push([sequence, text]);
  for (const stream of streams) stream.write(text);
  return resource;
}

function tell(kind, data) {
  for (const stream of streams) stream.write(`event: ${kind}\ndata: ${JSON.stringify(data)}\n\n`);
}

const lanes = () => Object.keys(LIVES).map((id) => ({ id, heard_utc_ms: Date.now() - (silent.has(id) ? 5000 : 200), silent: silent.has(id), revoked: false }));

let hushed = false;
setInterval(() => hushed || tell('heartbeat', { utc_ms: Date.now(), sequence, troubles: [] }), 800);
setInterval(() => {
  if (hushed) return;
  for (const [lane, live] of Object.entries(LIVES)) {
    if (silent.has(lane)) continue;
    Object.assign(live, { utc_ms: Date.now(), sequence: live.sequence + 1 });
    if (live.scan_id) live.elapsed_s += 0.5;
    tell('live', { lane_id: lane, ...live, traces: [] });
  }
}, 500);

function carryOut(lane, command) {
  const live = LIVES[lane];
  const answer = (done, en, fr) => put('command', {
    ...command, state: done ? 'done' : 'refused', answered_utc_ms: Date.now(), answer: { code: done ? 'done' : 'order_refused', values: {}, text: { en, fr } },
  });
  const order = command.order;
  if (order.name === 'start') {
    if (live.scan_id) return answer(false, 'A lorry is in the lane already.', 'Un véhicule est déjà dans la voie.');
    Object.assign(live, { scan_id: ulid(), declaration: order.declaration, visit: 1, elapsed_s: 0, assessment: null });
    put('scan', scanOf(lane, live));
  } else if (order.name === 'probe') live.probe_in = order.inside;
  else {
    const scan = scans.get(order.scan_id ?? live.scan_id);
    if (order.name === 'leave') {
      live.waiting = [...live.waiting, { scan_id: scan.id, plate: scan.declaration.plate, visits: 1, recommendation: scan.recommendation }];
      put('scan', { ...scan, in_visit: false, version: scan.version + 1 });
    }
    if (order.name === 'end') put('scan', { ...scan, state: 'closed', in_visit: false, closed_utc_ms: Date.now(), closed_by: command.by, version: scan.version + 1 });
    if (order.name !== 'leave') live.waiting = live.waiting.filter((one) => one.scan_id !== order.scan_id);
    if (order.name === 'return') Object.assign(live, { scan_id: scan.id, declaration: scan.declaration, visit: scan.visits + 1, assessment: scan.assessment });
    else if (order.name === 'leave' || order.scan_id === live.scan_id) Object.assign(live, { scan_id: '', declaration: null, assessment: null, visit: 0 });
  }
  return answer(true, 'Done.', 'Fait.');
}

const problem = (status, code, detail = '', more = {}) => ({ status, body: { type: 'about:blank', title: code, status, detail, instance: '', code, ...more }, type: 'application/problem+json' });

function answer(method, path, body, query) {
  if (path === '/api/v1/login') {
    if (body.password === 'wrong') return problem(401, 'login_refused');
    session = me(body.name, body.name === 'auditor' ? 'auditor' : 'officer');
    return { body: session };
  }
  if (!session) return problem(401, 'not_logged_in');
  if (path === '/api/v1/logout') { session = null; return { status: 204 }; }
  if (path === '/api/v1/me') return { body: session };
  if (path === '/api/v1/me/password') return body.old === 'wrong' ? problem(409, 'wrong_password') : { status: 204 };
  if (path === '/api/v1/state') {
    return { body: { sequence, run, version: '0.1.0', utc_ms: Date.now(), me: session, lanes: lanes(), scans: [...scans.values()], alerts: [...alerts.values()], commands: [...commands.values()], vehicles: [] } };
  }
  let match = /^\/api\/v1\/lanes\/([^/]+)\/(live|commands)$/.exec(path);
  if (match?.[2] === 'live') return { body: { lane: lanes().find((one) => one.id === match[1]), live: LIVES[match[1]] } };
  if (match) {
    const command = put('command', { id: body.key, lane_id: match[1], order: body.order, by: session.name, given_utc_ms: Date.now(), state: 'waiting', answer: null, answered_utc_ms: null });
    setTimeout(() => (body.order.declaration?.plate === 'EXPIRE' ? put('command', { ...command, state: 'expired' }) : carryOut(match[1], command)), 400);
    return { status: 202, body: command };
  }
  if (path === '/api/v1/scans') return { body: [...scans.values()].filter((one) => (one.declaration?.plate ?? '').includes((query.get('plate') ?? '').toUpperCase()) && !query.get('before')) };
  match = /^\/api\/v1\/scans\/([^/]+)(\/assessments|\/alert|\/replay)?$/.exec(path);
  if (match) {
    const scan = scans.get(match[1]);
    if (!scan) return problem(404, 'not_found');
    if (match[2] === '/assessments') return { body: scan.assessment ? [{ ...scan.assessment, final: false, recommendation: 'inconclusive' }, scan.assessment] : [] };
    if (match[2] === '/replay') return problem(404, 'recording_absent');
    if (match[2] === '/alert') return { status: 201, body: put('alert', alertOf(scan, 'officer', { raised_by: session.name, minutes_low: null, persons_likely: null, raised_utc_ms: Date.now(), reasons: [{ code: 'officer_note', values: {}, text: { en: body.note, fr: body.note } }] })) };
    return { body: scan };
  }
  match = /^\/api\/v1\/alerts\/([^/]+)(?:\/(acknowledge|assign|shelve|unshelve|outcome|close))?$/.exec(path);
  if (match) {
    const alert = alerts.get(match[1]);
    const version = alert.version + 1;
    const now = Date.now();
    if (match[2] === 'acknowledge') {
      if (alert.minutes_low === null && alert.level === 'search') {
        put('alert', { ...alert, version, state: 'acknowledged', acknowledged_utc_ms: now, acknowledged_by: 'officer.east' });
        return problem(409, 'already_acknowledged', 'officer.east acknowledged this alert');
      }
      return { body: put('alert', { ...alert, version, state: 'acknowledged', acknowledged_utc_ms: now, acknowledged_by: session.name }) };
    }
    if (match[2] === 'assign') return { body: put('alert', { ...alert, ...OFF_SHELF, version, state: 'assigned', assigned_to: body.to, assigned_by: session.name, assigned_utc_ms: now }) };
    if (match[2] === 'shelve') return { body: put('alert', { ...alert, version, shelved_utc_ms: now, shelved_until_utc_ms: now + body.minutes * 60e3, shelved_by: session.name, shelved_reason: body.reason }) };
    if (match[2] === 'unshelve') return { body: put('alert', { ...alert, ...OFF_SHELF, version }) };
    if (match[2] === 'outcome') return { body: put('alert', { ...alert, version, state: 'outcome', outcome: { people: null, medical_help: false, note: '', ...body, by: session.name, utc_ms: now } }) };
    if (match[2] === 'close') return { body: put('alert', { ...alert, version, state: 'closed', closed_utc_ms: now, closed_by: session.name }) };
    return { body: alert };
  }
  if (path === '/mock/silence') { silent = silent.size ? new Set() : new Set(['south-quay']); for (const lane of lanes()) tell('lane', lane); return { status: 204 }; }
  if (path === '/mock/hush') { hushed = !hushed; return { status: 204 }; }
  if (path === '/mock/run') { run = ulid(); for (const stream of streams) stream.end(); return { status: 204 }; }
  if (path === '/mock/bye') { session = null; tell('bye', { code: 'session_ended' }); return { status: 204 }; }
  return problem(404, 'not_found');
}

begin();
createServer((request, response) => {
  const url = new URL(request.url, 'http://localhost');
  if (url.pathname === '/api/v1/events') {
    if (!session) return response.writeHead(401).end();
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.write(`event: hello\ndata: ${JSON.stringify({ run, version: '0.1.0', sequence, utc_ms: Date.now() })}\n\n`);
    for (const [number, text] of ended) if (number > Number(url.searchParams.get('after'))) response.write(text);
    streams.add(response);
    request.on('close', () => streams.delete(response));
    return undefined;
  }
  const picture = /^\/api\/v1\/lanes\/([^/]+)\/pictures\/([^/]+)(\/heat)?$/.exec(url.pathname);
  if (picture) {
    const file = join(fixtures, `${LIVES[picture[1]] === LIVES['north-quay'] ? 'rescue' : 'no-indication'}-${picture[2]}${picture[3] ? '-heat' : ''}.png`);
    return existsSync(file) ? response.writeHead(200, { 'Content-Type': 'image/png' }).end(readFileSync(file)) : response.writeHead(404).end();
  }
  if (!url.pathname.startsWith('/api') && !url.pathname.startsWith('/mock')) {
    const file = join(here, '../../static', normalize(url.pathname === '/' ? '/index.html' : url.pathname));
    if (!existsSync(file)) return response.writeHead(404).end();
    return response.writeHead(200, { 'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream', 'Content-Security-Policy': CSP }).end(readFileSync(file));
  }
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const sent = Buffer.concat(chunks).toString();
    const { status = 200, body, type = 'application/json' } = answer(request.method, url.pathname, sent ? JSON.parse(sent) : {}, url.searchParams);
    response.writeHead(status, { 'Content-Type': type }).end(body === undefined ? undefined : JSON.stringify(body));
  });
  return undefined;
}).listen(Number(process.argv[2] ?? 8080), '127.0.0.1', function listening() {
  console.log(`http://127.0.0.1:${this.address().port}`);
});
