//! A database like many: orders, events with JSON, documents with text and with bytes that do not compress.

use crate::support::postgres::Server;

/// Bytes of dump that one order, its two events and a tenth of a document come to; see [`DATA`].
const BYTES_PER_ORDER: u64 = 655;

/// Makes a database whose dump has about `bytes`.
pub fn make(server: &Server, name: &str, bytes: u64) {
    server.create_database(name);
    let orders = bytes / BYTES_PER_ORDER;
    server.psql(name, &DATA.replace("ORDERS", &orders.to_string()));
}

const DATA: &str = r"
SELECT setseed(0.5);
CREATE FUNCTION words(count int) RETURNS text LANGUAGE sql VOLATILE AS $$
  SELECT string_agg((ARRAY['backup','order','customer','restore','the','invoice','harbour','of','and','sail','wind','rope',
    'delivered','returned','paid','to','warehouse','north','waiting','signal','mast','a','is','not'])[1 + floor(random() * 24)::int], ' ')
  FROM generate_series(1, count) $$;
CREATE FUNCTION noise(count int) RETURNS bytea LANGUAGE sql VOLATILE AS $$
  SELECT decode(string_agg(md5(random()::text), ''), 'hex') FROM generate_series(1, count) $$;
CREATE TABLE orders (id bigint PRIMARY KEY, customer int NOT NULL, placed_at timestamptz NOT NULL, status text NOT NULL,
  total numeric(12, 2) NOT NULL, reference uuid NOT NULL, note text);
INSERT INTO orders SELECT n, (random() * 100000)::int, timestamptz '2020-01-01' + n * interval '17 seconds',
  (ARRAY['new', 'paid', 'shipped', 'returned'])[1 + n % 4], (random() * 1000)::numeric(12, 2), gen_random_uuid(), words(8)
  FROM generate_series(1, ORDERS) n;
CREATE INDEX orders_by_customer ON orders (customer);
CREATE TABLE events (id bigint PRIMARY KEY, order_id bigint NOT NULL, at timestamptz NOT NULL, payload jsonb NOT NULL);
INSERT INTO events SELECT n, n / 2, timestamptz '2020-01-01' + n * interval '9 seconds',
  jsonb_build_object('kind', (ARRAY['created', 'changed', 'mailed'])[1 + n % 3], 'by', (random() * 500)::int,
    'address', host(inet '10.0.0.0' + (random() * 1e6)::int), 'token', md5(n::text), 'text', words(6))
  FROM generate_series(1, ORDERS * 2) n;
CREATE TABLE documents (id bigint PRIMARY KEY, title text NOT NULL, body text NOT NULL, scan bytea NOT NULL);
INSERT INTO documents SELECT n, words(4), words(120),
  noise(20) FROM generate_series(1, ORDERS / 10) n;
DROP FUNCTION words, noise;
CHECKPOINT;
";
