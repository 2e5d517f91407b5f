#!/usr/bin/env node
// Reads Backstay backups without Backstay: lists, verifies, extracts and decrypts them.
// Needs Node 18 or newer and nothing else; for .zst, Node 22.15 or newer, or the `zstd` command.
// Everything is streamed. A file gets its final name only once all of it was found authentic.

import { spawn } from 'node:child_process';
import { createDecipheriv, createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { access, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import zlib from 'node:zlib';

const USAGE = `usage: node backstay-recover.mjs [--key-file FILE]… COMMAND

  list DIR           what is in the backup in this folder
  verify DIR         read all of it and check every sum, without writing anything
  extract DIR OUT    decrypt and decompress all objects into the folder OUT
  decrypt FILE OUT   decrypt and decompress one object, or NAME.001 and its further volumes

DIR is a backup's own folder, the one with manifest.json in it.
Keys are taken from keys/keys.json beside this script, and from --key-file (64 hex digits).`;

const HEADER_LENGTH = 64;
const TAG_LENGTH = 16;
const READ_SIZE = 1 << 20;

/** Something that the person who runs this can act on. */
class Fault extends Error {}

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();
const exists = (file) => access(file).then(() => true, () => false);

// ---------------------------------------------------------------------------------------------------------- bytes in

/** The files of one object, read as if they were one. */
class Files {
  constructor(paths) {
    this.paths = [...paths];
    this.file = null;
  }

  /** Fills `buffer` and returns how many bytes there were: fewer only at the end. */
  async read(buffer) {
    let filled = 0;
    while (filled < buffer.length) {
      if (!this.file) {
        if (this.paths.length === 0) break;
        this.file = await open(this.paths.shift());
      }
      const { bytesRead } = await this.file.read(buffer, filled, buffer.length - filled, null);
      filled += bytesRead;
      if (bytesRead === 0) await this.close();
    }
    return filled;
  }

  async close() {
    const file = this.file;
    this.file = null;
    await file?.close();
  }
}

/** Bytes that are in memory already. */
class Memory {
  constructor(bytes) {
    this.bytes = bytes;
  }

  async read(buffer) {
    const count = this.bytes.copy(buffer);
    this.bytes = this.bytes.subarray(count);
    return count;
  }

  async close() {}
}

async function* pieces(source) {
  for (;;) {
    const buffer = Buffer.allocUnsafe(READ_SIZE);
    const count = await source.read(buffer);
    if (count === 0) return;
    yield buffer.subarray(0, count);
  }
}

// ------------------------------------------------------------------------------------------------------ sealed stream

/** Opens a BKSTAY01 stream. Yields a chunk only after its tag was checked; ends only after the last chunk. */
async function* unseal(source, keys) {
  const header = Buffer.alloc(HEADER_LENGTH);
  if ((await source.read(header)) < HEADER_LENGTH) throw new Fault('ends inside its header: it was cut off');
  if (header.toString('latin1', 0, 8) !== 'BKSTAY01') throw new Fault('is not a sealed stream (no BKSTAY01 in front)');
  const [cipher, chunkLog2] = header.subarray(8);
  if (cipher !== 1) throw new Fault(`is sealed with cipher ${cipher}, which this script does not know`);
  const zeros = Buffer.concat([header.subarray(10, 12), header.subarray(60)]);
  if (chunkLog2 < 16 || chunkLog2 > 24 || zeros.some((byte) => byte !== 0)) throw new Fault('has a damaged header');

  const key = keyFor(keys, header.toString('hex', 12, 28));
  const info = Buffer.concat([Buffer.from('backstay stream v1'), header]);
  const fileKey = Buffer.from(hkdfSync('sha256', key, header.subarray(28, 60), info, 32));

  const whole = 2 ** chunkLog2 + TAG_LENGTH;
  const buffer = Buffer.allocUnsafe(whole + 1); // one byte more than a chunk tells whether there is another
  let ahead = 0;
  for (let number = 0; ; number += 1) {
    const filled = ahead + (await source.read(buffer.subarray(ahead)));
    const last = filled <= whole;
    const sealed = buffer.subarray(0, last ? filled : whole);
    const plain = openChunk(fileKey, number, last, sealed);
    if (plain === null) throw new Fault(`chunk ${number} is damaged, cut off or in the wrong place`);
    if (plain.length > 0) yield plain;
    if (last) return;
    buffer[0] = buffer[whole];
    ahead = 1;
  }
}

function openChunk(fileKey, number, last, sealed) {
  if (sealed.length < TAG_LENGTH) return null;
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32BE(number, 7);
  nonce[11] = last ? 1 : 0;
  const decipher = createDecipheriv('aes-256-gcm', fileKey, nonce, { authTagLength: TAG_LENGTH });
  decipher.setAuthTag(sealed.subarray(-TAG_LENGTH));
  const plain = decipher.update(sealed.subarray(0, -TAG_LENGTH));
  try {
    decipher.final();
    return plain;
  } catch {
    return null;
  }
}

// -------------------------------------------------------------------------------------------------------- compression

const DECOMPRESS = {
  '.gz': (bytes) => through(bytes, zlib.createGunzip()),
  '.br': (bytes) => through(bytes, zlib.createBrotliDecompress()),
  '.zst': (bytes) => (zlib.createZstdDecompress ? through(bytes, zlib.createZstdDecompress()) : throughZstd(bytes)),
};

async function* through(bytes, transform) {
  const fed = pipeline(bytes, transform);
  fed.catch(() => {}); // told by the loop below, which fails with the same error
  yield* transform;
  await fed;
}

const PIPE_BROKE = ['EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'];

async function* throughZstd(bytes) {
  const child = spawn('zstd', ['--decompress', '--stdout', '--quiet'], { stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = new Promise((resolve) => {
    child.on('error', () => resolve('needs Node 22.15 or newer, or the `zstd` command: install one of them'));
    let complaint = '';
    child.stderr.on('data', (text) => (complaint = (complaint + text).slice(-1000)));
    child.on('close', (code) => resolve(code === 0 ? null : `zstd failed: ${complaint.trim()}`));
  });
  let feedError = null;
  const fed = pipeline(Readable.from(bytes), child.stdin).catch((error) => (feedError = error));
  try {
    yield* child.stdout;
    await fed;
    // A fault of the source is the cause, zstd's complaint about its input the consequence; a broken pipe is the reverse.
    if (feedError && !PIPE_BROKE.includes(feedError.code)) throw feedError;
    const failure = await ended;
    if (failure) throw new Fault(failure);
    if (feedError) throw feedError;
  } finally {
    child.kill();
  }
}

/** The name without what `plainBytes` undoes. */
function plainName(name) {
  const opened = name.endsWith('.enc') ? name.slice(0, -4) : name;
  const suffix = path.extname(opened);
  return suffix in DECOMPRESS ? opened.slice(0, -suffix.length) : opened;
}

/** Undoes the suffixes of `name` from right to left. */
async function* plainBytes(source, name, keys) {
  try {
    const sealed = name.endsWith('.enc');
    const stored = sealed ? unseal(source, keys) : pieces(source);
    const decompress = DECOMPRESS[path.extname(sealed ? name.slice(0, -4) : name)];
    yield* decompress ? decompress(stored) : stored;
  } finally {
    await source.close();
  }
}

/** Writes `bytes` to `out`, which must not exist, and gives it its name only at the very end. */
async function keep(out, bytes, plainSha256) {
  if (await exists(out)) throw new Fault(`${out} exists already: move it away or choose another name`);
  const part = `${out}.part`;
  const file = await open(part, 'w', 0o600);
  try {
    const digest = createHash('sha256');
    for await (const piece of bytes) {
      digest.update(piece);
      await file.writeFile(piece);
    }
    checkPlain(digest, plainSha256);
    await file.sync();
    await file.close();
    await rename(part, out);
  } catch (error) {
    await file.close().catch(() => {});
    await rm(part, { force: true });
    throw error;
  }
}

function checkPlain(digest, plainSha256) {
  if (plainSha256 && digest.digest('hex') !== plainSha256) throw new Fault('its content is not what was backed up');
}

// --------------------------------------------------------------------------------------------------------------- keys

/** Key bytes by key id. */
async function loadKeys(keyFiles) {
  const keys = new Map();
  const add = (hex, where) => {
    if (!/^[0-9a-fA-F]{64}$/.test(hex.trim())) throw new Fault(`${where} does not hold 64 hex digits`);
    const key = Buffer.from(hex.trim(), 'hex');
    keys.set(sha256('backstay key id', key).toString('hex', 0, 16), key);
  };
  const kit = path.join(path.dirname(fileURLToPath(import.meta.url)), 'keys', 'keys.json');
  if (await exists(kit)) {
    for (const { name, key } of JSON.parse(await readFile(kit, 'utf8'))) add(key, `the key '${name}' in ${kit}`);
  }
  for (const file of keyFiles) add(await readFile(file, 'utf8'), file);
  return keys;
}

function keyFor(keys, id) {
  const key = keys.get(id);
  if (key) return key;
  const known = [...keys.keys()].join(', ') || 'none';
  throw new Fault(`is sealed with key ${id}, and that key is not here (here: ${known}): give it with --key-file`);
}

// ----------------------------------------------------------------------------------------------------------- manifest

/** JSON with sorted keys and no white space: what the manifest's MAC is computed over. */
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const sorted = Object.keys(value).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return `{${sorted.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(',')}}`;
}

async function loadManifest(dir) {
  const file = path.join(dir, 'manifest.json');
  if (!(await exists(file))) throw new Fault(`${dir} has no manifest.json: not the folder of a backup, or one that never ended`);
  let manifest;
  try {
    manifest = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new Fault(`${file} is damaged: ${error.message}`);
  }
  if (manifest.format !== 'backstay/1') throw new Fault(`${file} has format '${manifest.format}', which this script does not know`);
  if (!Array.isArray(manifest.objects)) throw new Fault(`${file} is damaged: it lists no objects`);
  for (const object of manifest.objects) {
    for (const { name } of [object, ...(object.volumes ?? [])]) {
      if (!/^[A-Za-z0-9_%-][A-Za-z0-9._%-]*$/.test(name)) throw new Fault(`${file} names an object '${name}', which is no plain file name`);
    }
  }
  return manifest;
}

/** What is inside the backup, by object name. Sealed and authenticated when the backup is. */
async function loadDetails(manifest, keys) {
  let details = manifest.details;
  if (manifest.encryption) {
    try {
      const key = keyFor(keys, manifest.encryption.key_id);
      const macKey = Buffer.from(hkdfSync('sha256', key, '', 'backstay manifest v1', 32));
      const { mac, ...signed } = manifest;
      const expected = createHmac('sha256', macKey).update(canonical(signed)).digest();
      const found = Buffer.from(String(mac), 'hex');
      if (found.length !== expected.length || !timingSafeEqual(found, expected)) throw new Fault('was changed after it was written');
      const plain = [];
      for await (const piece of unseal(new Memory(Buffer.from(details, 'base64')), keys)) plain.push(piece);
      details = JSON.parse(Buffer.concat(plain));
    } catch (error) {
      throw new Fault(`manifest.json ${error.message}`);
    }
  } else {
    console.error('note: this backup is not encrypted, so nothing proves who wrote it');
  }
  const stored = manifest.objects.map(({ name }) => name).sort();
  const described = details.objects.map(({ name }) => name).sort();
  if (canonical(stored) !== canonical(described)) throw new Fault('manifest.json does not describe the objects that it lists');
  return new Map(details.objects.map((object) => [object.name, object]));
}

function filesOf(dir, object) {
  const files = object.volumes?.length ? object.volumes : [object];
  return files.map(({ name }) => path.join(dir, name));
}

/** Compares what is stored with the sums in the manifest. Needs no key. */
async function checkStored(dir, object) {
  const files = filesOf(dir, object);
  for (const file of files) if (!(await exists(file))) throw new Fault(`${path.basename(file)} is missing`);
  const size = (await Promise.all(files.map((file) => stat(file)))).reduce((sum, { size }) => sum + size, 0);
  if (size !== object.stored_size) throw new Fault(`has ${size} bytes instead of ${object.stored_size}`);
  const source = new Files(files);
  const digest = createHash('sha256');
  try {
    for await (const piece of pieces(source)) digest.update(piece);
  } finally {
    await source.close();
  }
  if (digest.digest('hex') !== object.sha256) throw new Fault('the stored bytes were changed');
}

// ----------------------------------------------------------------------------------------------------------- commands

async function list(keys, dir) {
  const manifest = await loadManifest(dir);
  const { job, driver, engine_version: version, taken_at: takenAt, encryption } = manifest;
  console.log(`${job.name}, taken ${takenAt} from ${driver} ${version ?? ''}`.trimEnd());
  console.log(encryption ? `encrypted with key ${encryption.key_id}` : 'not encrypted');
  const details = await loadDetails(manifest, keys);
  for (const { name, stored_size: stored } of manifest.objects) {
    const { kind, database, logical_size: plain } = details.get(name);
    const subject = [kind, database && JSON.stringify(database)].filter(Boolean).join(' ');
    console.log(`  ${name}  ${stored} bytes stored, ${plain ?? '?'} plain  ${subject}`);
  }
}

/** Runs `step` for every object, tells how each went, and fails at the end when one did not go well. */
async function forEachObject(keys, dir, step) {
  const manifest = await loadManifest(dir);
  let details = new Map();
  let bad = 0;
  try {
    details = await loadDetails(manifest, keys);
  } catch (error) {
    bad += 1;
    console.error(`BAD  ${error.message}`);
  }
  for (const object of manifest.objects) {
    try {
      await checkStored(dir, object);
      const detail = details.get(object.name);
      if (!detail) throw new Fault('the stored bytes are whole, but the content cannot be checked without the manifest');
      const source = new Files(filesOf(dir, object));
      console.log(`ok   ${await step(object.name, plainBytes(source, object.name, keys), detail.plain_sha256)}`);
    } catch (error) {
      bad += 1;
      console.error(`BAD  ${object.name}: ${error.message}`);
    }
  }
  if (bad > 0) throw new Fault(`${bad} of ${manifest.objects.length + 1} (objects and manifest) are not good; see above`);
}

async function verify(keys, dir) {
  await forEachObject(keys, dir, async (name, bytes, plainSha256) => {
    const digest = createHash('sha256');
    for await (const piece of bytes) digest.update(piece);
    checkPlain(digest, plainSha256);
    return name;
  });
}

async function extract(keys, dir, out) {
  await mkdir(out, { recursive: true, mode: 0o700 });
  await forEachObject(keys, dir, async (name, bytes, plainSha256) => {
    const target = path.join(out, plainName(name));
    await keep(target, bytes, plainSha256);
    return target;
  });
}

async function decrypt(keys, file, out) {
  const volume = /^(.+)\.(\d{3,})$/.exec(file);
  const single = !volume && (await exists(file));
  const name = volume ? volume[1] : file;
  const source = new Files(single ? [file] : await volumesOf(name));
  try {
    await keep(out, plainBytes(source, path.basename(name), keys));
  } catch (error) {
    throw new Fault(`${file}: ${error.message}`);
  }
  if (!name.endsWith('.enc')) console.error('note: this object is not encrypted, so nothing proves that it is unchanged');
  console.log(`ok   ${out}`);
}

/** `name.001`, `name.002`, … without a gap. */
async function volumesOf(name) {
  const dir = path.dirname(name);
  const prefix = `${path.basename(name)}.`;
  const numbered = (await exists(dir) ? await readdir(dir) : [])
    .filter((entry) => entry.startsWith(prefix) && /^\d{3,}$/.test(entry.slice(prefix.length)))
    .map((entry) => ({ entry, number: Number(entry.slice(prefix.length)) }))
    .sort((a, b) => a.number - b.number);
  if (numbered.length === 0) throw new Fault(`there is no file ${name}`);
  const gap = numbered.findIndex(({ number }, index) => number !== index + 1);
  if (gap !== -1) throw new Fault(`volume ${gap + 1} of ${name} is missing`);
  return numbered.map(({ entry }) => path.join(dir, entry));
}

const COMMANDS = { list: [list, 1], verify: [verify, 1], extract: [extract, 2], decrypt: [decrypt, 2] };

async function main() {
  let values, positionals;
  try {
    const options = { 'key-file': { type: 'string', multiple: true, default: [] }, help: { type: 'boolean', short: 'h' } };
    ({ values, positionals } = parseArgs({ allowPositionals: true, options }));
  } catch (error) {
    console.error(`${error.message}\n\n${USAGE}`);
    return 2;
  }
  const [name, ...operands] = positionals;
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const [command, count] = Object.hasOwn(COMMANDS, name ?? '') ? COMMANDS[name] : [];
  if (!command || operands.length !== count) {
    console.error(USAGE);
    return 2;
  }
  try {
    await command(await loadKeys(values['key-file']), ...operands);
    return 0;
  } catch (error) {
    console.error(`backstay-recover: ${error.message}`);
    return 1;
  }
}

process.exitCode = await main();
