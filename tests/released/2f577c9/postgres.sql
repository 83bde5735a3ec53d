--
-- PostgreSQL database dump
--


-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: _sqlx_migrations; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public._sqlx_migrations (
    version bigint NOT NULL,
    description text NOT NULL,
    installed_on timestamp with time zone DEFAULT now() NOT NULL,
    success boolean NOT NULL,
    checksum bytea NOT NULL,
    execution_time bigint NOT NULL
);


--
-- Name: capacity; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.capacity (
    tenant bigint NOT NULL,
    channel text NOT NULL COLLATE pg_catalog."C",
    from_us bigint NOT NULL,
    until_us bigint NOT NULL,
    cost_minor bigint NOT NULL,
    currency text NOT NULL COLLATE pg_catalog."C",
    practical_minutes bigint NOT NULL,
    revision bigint NOT NULL
);


--
-- Name: capacity_was; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.capacity_was (
    tenant bigint NOT NULL,
    channel text NOT NULL COLLATE pg_catalog."C",
    from_us bigint NOT NULL,
    until_us bigint NOT NULL,
    until_revision bigint NOT NULL,
    cost_minor bigint NOT NULL,
    currency text NOT NULL COLLATE pg_catalog."C",
    practical_minutes bigint NOT NULL,
    revision bigint NOT NULL
);


--
-- Name: conflict; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.conflict (
    tenant bigint NOT NULL,
    observation bigint NOT NULL,
    identifier bigint NOT NULL,
    reason text NOT NULL COLLATE pg_catalog."C",
    revision bigint NOT NULL
);


--
-- Name: cost_rate; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.cost_rate (
    tenant bigint NOT NULL,
    channel text NOT NULL COLLATE pg_catalog."C",
    activity text NOT NULL COLLATE pg_catalog."C",
    currency text NOT NULL COLLATE pg_catalog."C",
    effective_from_us bigint NOT NULL,
    per_touch_micros bigint NOT NULL,
    per_minute_micros bigint NOT NULL,
    revision bigint NOT NULL
);


--
-- Name: cost_rate_was; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.cost_rate_was (
    tenant bigint NOT NULL,
    channel text NOT NULL COLLATE pg_catalog."C",
    activity text NOT NULL COLLATE pg_catalog."C",
    currency text NOT NULL COLLATE pg_catalog."C",
    effective_from_us bigint NOT NULL,
    until_revision bigint NOT NULL,
    per_touch_micros bigint NOT NULL,
    per_minute_micros bigint NOT NULL,
    revision bigint NOT NULL
);


--
-- Name: customer; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.customer (
    tenant bigint NOT NULL,
    customer bigint NOT NULL,
    registered bigint NOT NULL,
    latest_in bigint NOT NULL,
    unsettled bigint DEFAULT 0 NOT NULL
);


--
-- Name: customer_was; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.customer_was (
    tenant bigint NOT NULL,
    customer bigint NOT NULL,
    until_revision bigint NOT NULL,
    registered bigint NOT NULL
);


--
-- Name: identifier; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.identifier (
    tenant bigint NOT NULL,
    identifier bigint NOT NULL,
    kind text NOT NULL COLLATE pg_catalog."C",
    value text NOT NULL COLLATE pg_catalog."C",
    holder bigint,
    first_in bigint NOT NULL,
    latest_in bigint NOT NULL,
    claims text NOT NULL COLLATE pg_catalog."C",
    sharing bigint,
    shared bigint DEFAULT 0 NOT NULL
);


--
-- Name: identity_constraint; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.identity_constraint (
    tenant bigint NOT NULL,
    constraint_no bigint NOT NULL,
    decision text NOT NULL COLLATE pg_catalog."C",
    members text NOT NULL COLLATE pg_catalog."C",
    author text NOT NULL COLLATE pg_catalog."C",
    reason text NOT NULL COLLATE pg_catalog."C",
    revision_from bigint NOT NULL,
    revision_to bigint,
    observation bigint,
    undoes_observation bigint,
    undoes_absorbed bigint,
    retracted_by text,
    retract_reason text
);


--
-- Name: merge_event; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.merge_event (
    tenant bigint NOT NULL,
    observation bigint NOT NULL,
    absorbed bigint NOT NULL,
    survivor bigint NOT NULL,
    revision bigint NOT NULL
);


--
-- Name: observation; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.observation (
    tenant bigint NOT NULL,
    observation bigint NOT NULL,
    identifier_set bytea NOT NULL,
    identifiers text NOT NULL COLLATE pg_catalog."C",
    severed text NOT NULL COLLATE pg_catalog."C",
    live bigint NOT NULL,
    customer bigint NOT NULL,
    component bigint NOT NULL,
    first_at_us bigint NOT NULL,
    first_source text NOT NULL COLLATE pg_catalog."C",
    first_source_id text NOT NULL COLLATE pg_catalog."C",
    unsettled bigint DEFAULT 0 NOT NULL,
    releases bigint DEFAULT 0 NOT NULL
);


--
-- Name: order_key; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.order_key (
    tenant bigint NOT NULL,
    order_id text NOT NULL COLLATE pg_catalog."C",
    touchpoint bigint NOT NULL
);


--
-- Name: reassignment; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.reassignment (
    tenant bigint NOT NULL,
    revision bigint NOT NULL,
    observation bigint NOT NULL,
    from_customer bigint NOT NULL,
    to_customer bigint NOT NULL
);


--
-- Name: record; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.record (
    tenant bigint NOT NULL,
    kind text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    other text NOT NULL COLLATE pg_catalog."C",
    from_us bigint NOT NULL,
    until_us bigint NOT NULL,
    revision bigint NOT NULL,
    amount bigint NOT NULL,
    currency text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C"
);


--
-- Name: request; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.request (
    tenant bigint NOT NULL,
    request_id text NOT NULL COLLATE pg_catalog."C",
    payload_hash bytea NOT NULL,
    revision bigint NOT NULL
);


--
-- Name: revision; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.revision (
    tenant bigint NOT NULL,
    revision bigint NOT NULL,
    committed_at_us bigint NOT NULL,
    last_touchpoint bigint DEFAULT 0 NOT NULL,
    last_observation bigint DEFAULT 0 NOT NULL
);


--
-- Name: rule_set; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.rule_set (
    tenant bigint NOT NULL,
    version bigint NOT NULL,
    revision bigint NOT NULL,
    rules text NOT NULL COLLATE pg_catalog."C",
    author text,
    reason text
);


--
-- Name: scoring; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.scoring (
    tenant bigint NOT NULL,
    revision bigint NOT NULL,
    document text NOT NULL
);


--
-- Name: sharing; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.sharing (
    tenant bigint NOT NULL,
    identifier bigint NOT NULL,
    revision bigint NOT NULL,
    shared bigint NOT NULL
);


--
-- Name: sighting; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.sighting (
    tenant bigint NOT NULL,
    identifier bigint NOT NULL,
    observation bigint NOT NULL
);


--
-- Name: stretch; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.stretch (
    tenant bigint NOT NULL,
    observation bigint NOT NULL,
    revision_from bigint NOT NULL,
    from_at_us bigint NOT NULL,
    customer bigint NOT NULL,
    revision_until bigint
);


--
-- Name: summary; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.summary (
    tenant bigint NOT NULL,
    observation bigint NOT NULL,
    summary bytea NOT NULL
);


--
-- Name: tenant; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.tenant (
    tenant bigint NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    revision bigint NOT NULL,
    committed_at_us bigint NOT NULL,
    next_touchpoint bigint NOT NULL,
    next_observation bigint NOT NULL,
    next_identifier bigint NOT NULL,
    rules_version bigint NOT NULL,
    constraints_at bigint DEFAULT 0 NOT NULL,
    next_constraint bigint DEFAULT 1 NOT NULL
);


--
-- Name: touchpoint; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.touchpoint (
    tenant bigint NOT NULL,
    touchpoint bigint NOT NULL,
    revision bigint NOT NULL,
    source text NOT NULL COLLATE pg_catalog."C",
    source_id text NOT NULL COLLATE pg_catalog."C",
    payload_hash bytea NOT NULL,
    observation bigint,
    at_us bigint NOT NULL,
    activity text NOT NULL COLLATE pg_catalog."C",
    channel text NOT NULL COLLATE pg_catalog."C",
    details text NOT NULL COLLATE pg_catalog."C"
);


--
-- Name: void; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.void (
    tenant bigint NOT NULL,
    touchpoint bigint NOT NULL,
    revision bigint NOT NULL,
    reason text NOT NULL COLLATE pg_catalog."C"
);


--
-- Data for Name: _sqlx_migrations; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public._sqlx_migrations VALUES
	(1, 'main', '2026-11-29 13:30:34.649433+00', true, '\x84d480ddda9e9d8a9aab8694bd710ca7ced8ed65a33033934a54b79ad4cdc8de7908d358f67ff1683c9a4a551cc5c547', 88619280),
	(3, 'identity', '2026-11-29 13:30:34.739179+00', true, '\x93bf1aee457ee9f3846d7f39c477087189e6c5bd504a5e1e6d09ea110d664648fdc89709335ce3a0059bb222592d33f8', 18645388),
	(4, 'known', '2026-11-29 13:30:34.758362+00', true, '\xd6279e8e65bb617f170de64fc577e94c18c8280581c1daeb3928f8b93dace3cb1a67da064e7fb793c2a0dbffd7d4a9a5', 22626827),
	(5, 'record', '2026-11-29 13:30:34.781057+00', true, '\x1183779102539522be2783bac883911bc358529b676b3578ca9028b3f4b8bda06123d155eff3b7720c4e1c42e1c70d81', 8652435),
	(6, 'moves', '2026-11-29 13:30:34.789967+00', true, '\x7554a7a8798e44e8bc9b9017843067e5913cd4bd213765f261a12d1c714c4a685d8d1c01da12818bd868c10b9bf6ba07', 5483601),
	(7, 'commerce', '2026-11-29 13:30:34.797536+00', true, '\xc080ba6c85bcfa938b0e26bdf4be8aeb26292594a677d33f3cbc28c43d7c10fbe9e9ba27a8ed9cd9e69066346f163e03', 1224676),
	(8, 'lifetime', '2026-11-29 13:30:34.798805+00', true, '\x90fae374bfbb574dcd0ad6422b27e92e7212bed3ca6503d92f4eea51e5074fc307f43db48c6c95db87b961794c1fb982', 6731772),
	(9, 'history', '2026-11-29 13:30:34.805654+00', true, '\x06eea07e80db9829857098d05e15bb52f758868286158d59e3959ce50bad70c550be95a5767c3d75c57ec44832b90495', 16063902);


--
-- Data for Name: capacity; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: capacity_was; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: conflict; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: cost_rate; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: cost_rate_was; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: customer; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.customer VALUES
	(223401749981095, 1, 0, 1, 0),
	(223401749981095, 2, 1, 2, 0),
	(223401749981095, 3, 0, 3, 0),
	(223401749981095, 8, 0, 8, 0),
	(223401749981095, 9, 0, 9, 0),
	(223401749981095, 10, 1, 10, 0),
	(223401749981095, 11, 0, 11, 0),
	(223401749981095, 12, 0, 12, 0),
	(223401749981095, 13, 0, 13, 0),
	(223401749981095, 14, 0, 14, 0),
	(223401749981095, 16, 0, 16, 0),
	(223401749981095, 18, 0, 18, 0),
	(223401749981095, 19, 1, 19, 0),
	(223401749981095, 20, 0, 20, 0),
	(223401749981095, 22, 0, 22, 0),
	(223401749981095, 23, 0, 23, 0),
	(223401749981095, 24, 0, 24, 0),
	(223401749981095, 25, 0, 25, 0),
	(223401749981095, 27, 1, 27, 0),
	(223401749981095, 28, 0, 28, 0),
	(223401749981095, 29, 0, 29, 0),
	(223401749981095, 33, 1, 35, 0),
	(223401749981095, 36, 0, 36, 0),
	(223401749981095, 37, 1, 39, 0),
	(223401749981095, 41, 0, 41, 0),
	(223401749981095, 42, 0, 42, 0),
	(223401749981095, 43, 0, 43, 0),
	(223401749981095, 44, 1, 46, 0),
	(223401749981095, 47, 1, 47, 0),
	(223401749981095, 50, 0, 50, 0),
	(223401749981095, 51, 0, 51, 0),
	(223401749981095, 52, 0, 52, 0),
	(223401749981095, 53, 0, 53, 0),
	(223401749981095, 54, 1, 54, 0),
	(223401749981095, 63, 1, 63, 0),
	(223401749981095, 64, 0, 64, 0),
	(223401749981095, 65, 0, 65, 0),
	(223401749981095, 66, 1, 66, 0),
	(223401749981095, 67, 0, 67, 0),
	(223401749981095, 75, 0, 75, 0),
	(223401749981095, 76, 0, 76, 0),
	(223401749981095, 4, 1, 72, 0),
	(223401749981095, 30, 1, 40, 0),
	(223401749981095, 55, 1, 74, 0);


--
-- Data for Name: customer_was; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.customer_was VALUES
	(223401749981095, 61, 2, 1);


--
-- Data for Name: identifier; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.identifier VALUES
	(223401749981095, 1, 'COOKIE', 'ck-0a75648f2ec1b7a5', 1, 1, 1, '', NULL, 0),
	(223401749981095, 2, 'LOYALTY_CARD', '2995532566808', 2, 2, 2, '', NULL, 0),
	(223401749981095, 3, 'COOKIE', 'ck-5a2db37d3307a749', 3, 3, 3, '', NULL, 0),
	(223401749981095, 7, 'COOKIE', 'ck-43fb3498577b4560', 8, 8, 8, '', NULL, 0),
	(223401749981095, 8, 'COOKIE', 'ck-c79cc52fdff9311a', 9, 9, 9, '', NULL, 0),
	(223401749981095, 9, 'LOYALTY_CARD', '2925237068198', 10, 10, 10, '', NULL, 0),
	(223401749981095, 10, 'COOKIE', 'ck-6616aafbfdb87cd2', 11, 11, 11, '', NULL, 0),
	(223401749981095, 11, 'COOKIE', 'ck-66fa723391863477', 12, 12, 12, '', NULL, 0),
	(223401749981095, 12, 'COOKIE', 'ck-af728cf73b633fb5', 13, 13, 13, '', NULL, 0),
	(223401749981095, 13, 'COOKIE', 'ck-590b262d2cbc8bd9', 14, 14, 14, '', NULL, 0),
	(223401749981095, 15, 'COOKIE', 'ck-03a84c23aed0a2bd', 16, 16, 16, '', NULL, 0),
	(223401749981095, 17, 'COOKIE', 'ck-8880308b32dfe080', 18, 18, 18, '', NULL, 0),
	(223401749981095, 18, 'LOYALTY_CARD', '2927998733640', 19, 19, 19, '', NULL, 0),
	(223401749981095, 19, 'COOKIE', 'ck-28a92ebea3376844', 20, 20, 20, '', NULL, 0),
	(223401749981095, 20, 'COOKIE', 'ck-800d029e66965358', 22, 22, 22, '', NULL, 0),
	(223401749981095, 21, 'COOKIE', 'ck-7b95f066d7e1ebaa', 23, 23, 23, '', NULL, 0),
	(223401749981095, 22, 'COOKIE', 'ck-55a01be5ec217d6b', 24, 24, 24, '', NULL, 0),
	(223401749981095, 23, 'COOKIE', 'ck-66cd27318a235d01', 25, 25, 25, '', NULL, 0),
	(223401749981095, 24, 'SOCIAL_HANDLE', '@emilebert0e569017e', 27, 27, 27, '', NULL, 0),
	(223401749981095, 25, 'COOKIE', 'ck-aced8d5bb303e633', 28, 28, 28, '', NULL, 0),
	(223401749981095, 26, 'COOKIE', 'ck-10e0689764bbbc8e', 29, 29, 29, '', NULL, 0),
	(223401749981095, 30, 'COOKIE', 'ck-c5aad33a661e75ca', 33, 33, 35, '{"EMAIL":[31]}', NULL, 0),
	(223401749981095, 31, 'EMAIL', 'finn.thoma.cf2d992d4@example.com', 33, 34, 35, '', NULL, 0),
	(223401749981095, 32, 'COOKIE', 'ck-689dcd51750377cd', 36, 36, 36, '', NULL, 0),
	(223401749981095, 33, 'COOKIE', 'ck-2e981cb6b8295e3b', 37, 37, 39, '{"EMAIL":[34]}', NULL, 0),
	(223401749981095, 34, 'EMAIL', 'hugo.weber.7c17b0278@example.org', 37, 38, 39, '', NULL, 0),
	(223401749981095, 35, 'COOKIE', 'ck-679dbd64d94f3bab', 41, 41, 41, '', NULL, 0),
	(223401749981095, 36, 'COOKIE', 'ck-07d115d1c7bd6b69', 42, 42, 42, '', NULL, 0),
	(223401749981095, 37, 'COOKIE', 'ck-6075223b3ace8437', 43, 43, 43, '', NULL, 0),
	(223401749981095, 38, 'COOKIE', 'ck-b4ddcdd5aaa542ac', 44, 44, 46, '{"EMAIL":[39]}', NULL, 0),
	(223401749981095, 39, 'EMAIL', 'dario.otto.4f109b14c@example.net', 44, 45, 46, '', NULL, 0),
	(223401749981095, 40, 'LOYALTY_CARD', '2948080723269', 47, 47, 47, '', NULL, 0),
	(223401749981095, 42, 'COOKIE', 'ck-ac2fb738907ba3d5', 50, 50, 50, '', NULL, 0),
	(223401749981095, 43, 'COOKIE', 'ck-e41c1c60868f6936', 51, 51, 51, '', NULL, 0),
	(223401749981095, 44, 'COOKIE', 'ck-c463ac5c5fa0346e', 52, 52, 52, '', NULL, 0),
	(223401749981095, 45, 'COOKIE', 'ck-c9e7b2dc01adc16a', 53, 53, 53, '', NULL, 0),
	(223401749981095, 46, 'LOYALTY_CARD', '2949270457455', 54, 54, 54, '', NULL, 0),
	(223401749981095, 53, 'ACCOUNT', 'u-06a41d251a60', 63, 63, 63, '', NULL, 0),
	(223401749981095, 54, 'PHONE', '+4915112909857', 63, 63, 63, '{"ACCOUNT":[53]}', NULL, 0),
	(223401749981095, 55, 'COOKIE', 'ck-8fa8164ebaeed11d', 64, 64, 64, '', NULL, 0),
	(223401749981095, 56, 'DEVICE', 'dv-9e5ccd715553dabe', 65, 65, 65, '', NULL, 0),
	(223401749981095, 57, 'SOCIAL_HANDLE', '@elifzimmer911d52699', 66, 66, 66, '', NULL, 0),
	(223401749981095, 58, 'COOKIE', 'ck-9feab0716826b52c', 67, 67, 67, '', NULL, 0),
	(223401749981095, 63, 'COOKIE', 'ck-18bc9b826666254f', 75, 75, 75, '', NULL, 0),
	(223401749981095, 27, 'COOKIE', 'ck-ca58162632b7e97a', 30, 30, 40, '{"ACCOUNT":[28],"EMAIL":[29]}', NULL, 0),
	(223401749981095, 28, 'ACCOUNT', 'u-b0bccec09516', 30, 31, 40, '', NULL, 0),
	(223401749981095, 29, 'EMAIL', 'tilda.imhof.85ef2c851@example.org', 30, 31, 31, '{"ACCOUNT":[28]}', NULL, 0),
	(223401749981095, 47, 'EMAIL', 'xenia.graf.d2b448b10@example.org', 55, 55, 62, '{"ACCOUNT":[50],"LOYALTY_CARD":[48]}', NULL, 0),
	(223401749981095, 48, 'LOYALTY_CARD', '2937788738820', 55, 55, 56, '{"EMAIL":[47]}', NULL, 0),
	(223401749981095, 49, 'COOKIE', 'ck-454bae0040c83e20', 55, 57, 58, '{"ACCOUNT":[50],"EMAIL":[47]}', NULL, 0),
	(223401749981095, 50, 'ACCOUNT', 'u-5a11a3642e51', 55, 58, 74, '', NULL, 0),
	(223401749981095, 51, 'PHONE', '+4915195014008', 55, 60, 60, '{"ACCOUNT":[50]}', NULL, 0),
	(223401749981095, 62, 'DEVICE', 'dv-431966e87c111b73', 55, 73, 74, '{"ACCOUNT":[50]}', NULL, 0),
	(223401749981095, 64, 'COOKIE', 'ck-45d1b8a1bd967c8d', 76, 76, 76, '', NULL, 0),
	(223401749981095, 4, 'COOKIE', 'ck-e68a1ef79c34d41c', 4, 4, 5, '{"ACCOUNT":[5],"EMAIL":[6]}', NULL, 0),
	(223401749981095, 5, 'ACCOUNT', 'u-45da0c57af5d', 4, 5, 72, '', NULL, 0),
	(223401749981095, 6, 'EMAIL', 'emil.ebert.a63950fd1@example.net', 4, 77, 15, '{"ACCOUNT":[5],"LOYALTY_CARD":[14]}', 0, 0),
	(223401749981095, 14, 'LOYALTY_CARD', '2939219450071', 4, 15, 26, '{"EMAIL":[6]}', NULL, 0),
	(223401749981095, 16, 'COOKIE', 'ck-951615919e762a42', 4, 17, 21, '{"ACCOUNT":[5]}', NULL, 0),
	(223401749981095, 41, 'COOKIE', 'ck-a1916066a53e1e6e', 4, 48, 49, '{"ACCOUNT":[5]}', NULL, 0),
	(223401749981095, 52, 'EMAIL', 'elif.zimmer.1286968eb@example.net', 4, 77, 61, '', 0, 0),
	(223401749981095, 59, 'COOKIE', 'ck-7a2bae653f2ffbda', 4, 68, 69, '{"ACCOUNT":[5]}', NULL, 0),
	(223401749981095, 60, 'PHONE', '+4915157731447', 4, 70, 70, '{"ACCOUNT":[5]}', NULL, 0),
	(223401749981095, 61, 'DEVICE', 'dv-700ef90d959dd9fa', 4, 71, 72, '{"ACCOUNT":[5]}', NULL, 0);


--
-- Data for Name: identity_constraint; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.identity_constraint VALUES
	(223401749981095, 1, 'must_link', '52,6', 'clerk', 'one household', 2, NULL, 77, NULL, NULL, NULL, NULL),
	(223401749981095, 2, 'cannot_link', '47|29', 'clerk', 'two people', 3, NULL, NULL, NULL, NULL, NULL, NULL);


--
-- Data for Name: merge_event; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.merge_event VALUES
	(223401749981095, 21, 17, 4, 1),
	(223401749981095, 35, 34, 33, 1),
	(223401749981095, 39, 38, 37, 1),
	(223401749981095, 46, 45, 44, 1),
	(223401749981095, 49, 48, 4, 1),
	(223401749981095, 58, 57, 55, 1),
	(223401749981095, 69, 68, 4, 1),
	(223401749981095, 72, 71, 4, 1),
	(223401749981095, 74, 73, 55, 1),
	(223401749981095, 5, 77, 4, 2),
	(223401749981095, 77, 61, 4, 2);


--
-- Data for Name: observation; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.observation VALUES
	(223401749981095, 1, '\xb20b7ba2c7936a07266169a930686282', '1', '', 1, 1, 1, 1707901077000000, 'ads', 'c-2', 0, 0),
	(223401749981095, 2, '\x4c47be73cdb6f0699c38037c117830fc', '2', '', 1, 2, 2, 1708176103000000, 'pos', 'c-8', 0, 0),
	(223401749981095, 3, '\x728504d04c1992dea33f76a90862180c', '3', '', 1, 3, 3, 1710946651000000, 'shop', 'c-14', 0, 0),
	(223401749981095, 4, '\x2220a07528bd46dcb258957b01d1d84c', '4', '', 1, 4, 4, 1711643518000000, 'shop', 'c-17', 0, 0),
	(223401749981095, 5, '\x416084ea433198d6e1728434f0a37d8a', '5,4,6', '', 1, 4, 4, 1711643878000000, 'shop', 'c-19', 0, 0),
	(223401749981095, 6, '\xa21d28afabcfeca50eb611ab61f74db6', '5', '', 1, 4, 4, 1711644238000000, 'shop', 'c-21', 0, 0),
	(223401749981095, 7, '\x73738536d84dd495e88c9786c69ef6e5', '6', '', 1, 4, 4, 1712075518000000, 'survey', 'c-27', 0, 0),
	(223401749981095, 8, '\x134089d78f63124e763139a72c459ea3', '7', '', 1, 8, 8, 1713452268000000, 'shop', 'c-34', 0, 0),
	(223401749981095, 9, '\x26982dc4bbfc9804564bebd52abd28d7', '8', '', 1, 9, 9, 1713620292000000, 'shop', 'c-35', 0, 0),
	(223401749981095, 10, '\xf99ea7b3f09801f6893871968a4ea72b', '9', '', 1, 10, 10, 1714054462000000, 'pos', 'c-36', 0, 0),
	(223401749981095, 11, '\xd80f52da5006e523a75660114527b53a', '10', '', 1, 11, 11, 1714057506000000, 'ads', 'c-38', 0, 0),
	(223401749981095, 12, '\xdae2d881f046f034364ebf49d9bddc4d', '11', '', 1, 12, 12, 1714078014000000, 'shop', 'c-41', 0, 0),
	(223401749981095, 13, '\x725d37104940aab88deaac2e2b1729a1', '12', '', 1, 13, 13, 1714924037000000, 'shop', 'c-47', 0, 0),
	(223401749981095, 14, '\x80ca9c68a79c3b98b97e40342e7b8fb0', '13', '', 1, 14, 14, 1717340292000000, 'shop', 'c-55', 0, 0),
	(223401749981095, 15, '\x82b3885664c04857e9c9b3686d2c460f', '6,14', '', 1, 4, 4, 1717765099000000, 'pos', 'c-60', 0, 0),
	(223401749981095, 16, '\x3d696c2633ecb768e3f3a140c1b52b49', '15', '', 1, 16, 16, 1721830415000000, 'ads', 'c-70', 0, 0),
	(223401749981095, 17, '\xf8a9aa4240d53cefe98524d7eff3a555', '16', '', 1, 4, 4, 1722778673000000, 'shop', 'c-77', 0, 0),
	(223401749981095, 18, '\x485ba9eb93615f47c8ab2bf19320f7d9', '17', '', 1, 18, 18, 1723923148000000, 'shop', 'c-79', 0, 0),
	(223401749981095, 19, '\xc4afddd29a9e7641412019bd76325e34', '18', '', 1, 19, 19, 1724171839000000, 'pos', 'c-81', 0, 0),
	(223401749981095, 20, '\xf6d9fb12da9cf36d0dcef853cc00d5dd', '19', '', 1, 20, 20, 1724595882000000, 'shop', 'c-87', 0, 0),
	(223401749981095, 21, '\x3af1a1498c7e5c31b8c5b741563854ca', '5,16', '', 1, 4, 4, 1724610919000000, 'shop', 'c-89', 0, 0),
	(223401749981095, 22, '\x1a7c4c6bae46ecc4e272856d5807efd2', '20', '', 1, 22, 22, 1725612249000000, 'ads', 'c-95', 0, 0),
	(223401749981095, 23, '\xc2120c880654c3cc0dc97fa682305696', '21', '', 1, 23, 23, 1725628597000000, 'shop', 'c-99', 0, 0),
	(223401749981095, 24, '\xd11abce28398e2beb756bae5eb088b9d', '22', '', 1, 24, 24, 1729003713000000, 'shop', 'c-118', 0, 0),
	(223401749981095, 25, '\xde716c0f4274757ec86865911078e410', '23', '', 1, 25, 25, 1729101222000000, 'ads', 'c-123', 0, 0),
	(223401749981095, 26, '\x47f929a5811fa414183c43e4eb73d18a', '14', '', 1, 4, 4, 1731256650000000, 'pos', 'c-136', 0, 0),
	(223401749981095, 27, '\x247db339d4534526a46ed34bdc9a3d14', '24', '', 1, 27, 27, 1731681953000000, 'social', 'c-137', 0, 0),
	(223401749981095, 28, '\xad71bc001ea24bc40b16c79d04ecd7b5', '25', '', 1, 28, 28, 1733404527000000, 'ads', 'c-150', 0, 0),
	(223401749981095, 29, '\x997f3c3c2b5d42adb7c48ab9f7dea9d5', '26', '', 1, 29, 29, 1737142082000000, 'shop', 'c-164', 0, 0),
	(223401749981095, 30, '\x5ceb8d66893f3aecfb8d6ef4b448d145', '27', '', 1, 30, 30, 1737887847000000, 'shop', 'c-167', 0, 0),
	(223401749981095, 31, '\x848263fe7596eb3ad6e7a2757cad08b0', '28,27,29', '', 1, 30, 30, 1741870522000000, 'shop', 'c-176', 0, 0),
	(223401749981095, 32, '\x4b3e6a8c3c463d5dd00b212e32aeb878', '28', '', 1, 30, 30, 1741870642000000, 'shop', 'c-177', 0, 0),
	(223401749981095, 33, '\xa67fe5ab2797b5718f5774f822ea061d', '30', '', 1, 33, 33, 1742316539000000, 'ads', 'c-183', 0, 0),
	(223401749981095, 34, '\x58eb57001c6054b5de00f282f4912345', '31', '', 1, 33, 33, 1742317079000000, 'shop', 'c-187', 0, 0),
	(223401749981095, 35, '\x50447584bff0164942aeef9db159fc15', '30,31', '', 1, 33, 33, 1742317324000000, 'shop', 'c-190', 0, 0),
	(223401749981095, 36, '\x39dcce0b5b39db51e2c292deb6cc3c0a', '32', '', 1, 36, 36, 1742757194000000, 'shop', 'c-193', 0, 0),
	(223401749981095, 37, '\x52b77ebfab96c2996ea84687d7c59165', '33', '', 1, 37, 37, 1743515931000000, 'shop', 'c-205', 0, 0),
	(223401749981095, 38, '\x11b6f5751dec2d5d179cdff5eff58429', '34', '', 1, 37, 37, 1743516651000000, 'shop', 'c-209', 0, 0),
	(223401749981095, 39, '\x5dfdf9585c1545c0bae90bfcc5517e42', '33,34', '', 1, 37, 37, 1743516656000000, 'shop', 'c-210', 0, 0),
	(223401749981095, 40, '\x1f05f471387dc43ceaceedc9b9922246', '28,27', '', 1, 30, 30, 1743670289000000, 'shop', 'c-213', 0, 0),
	(223401749981095, 41, '\xe5c738dd0759f52959fe52603d308690', '35', '', 1, 41, 41, 1744979266000000, 'ads', 'c-217', 0, 0),
	(223401749981095, 42, '\x5e381333174a4f29af27029699d4935b', '36', '', 1, 42, 42, 1745768750000000, 'shop', 'c-230', 0, 0),
	(223401749981095, 43, '\xb213a0a0e77a68d8ae3052ce6e6a9601', '37', '', 1, 43, 43, 1749304398000000, 'shop', 'c-248', 0, 0),
	(223401749981095, 44, '\xdbb70a425a425e42b5a159656271e7ce', '38', '', 1, 44, 44, 1750257666000000, 'shop', 'c-258', 0, 0),
	(223401749981095, 45, '\xbcac99a8b0600c9d79998939bd4400ea', '39', '', 1, 44, 44, 1750874080000000, 'shop', 'c-261', 0, 0),
	(223401749981095, 46, '\xadaa0b8d56304c0b0731d5755c9085fc', '38,39', '', 1, 44, 44, 1750874085000000, 'shop', 'c-262', 0, 0),
	(223401749981095, 47, '\x0911fb2d51d2636562e263c85ad3ea51', '40', '', 1, 47, 47, 1751122334000000, 'pos', 'c-263', 0, 0),
	(223401749981095, 48, '\xa44c72f103e35d68ad664609ac93140f', '41', '', 1, 4, 4, 1751648946000000, 'shop', 'c-268', 0, 0),
	(223401749981095, 49, '\xe384986160ce07229cd50f0250a89458', '5,41', '', 1, 4, 4, 1751649306000000, 'shop', 'c-269', 0, 0),
	(223401749981095, 50, '\xf456fa1b72db6b7b2cf4d88ce244be26', '42', '', 1, 50, 50, 1752244853000000, 'shop', 'c-276', 0, 0),
	(223401749981095, 51, '\xd34b20db13c336e81efc04727509f079', '43', '', 1, 51, 51, 1752335760000000, 'shop', 'c-279', 0, 0),
	(223401749981095, 52, '\x00d3dfca424014e27824acc92f44cab5', '44', '', 1, 52, 52, 1753445638000000, 'shop', 'c-287', 0, 0),
	(223401749981095, 53, '\xafb029ea3e09f76e7c25fc65c2a960a3', '45', '', 1, 53, 53, 1754752150000000, 'shop', 'c-306', 0, 0),
	(223401749981095, 54, '\xb9bdd53debecd67c3754c3c93d37dbc6', '46', '', 1, 54, 54, 1754834388000000, 'pos', 'c-308', 0, 0),
	(223401749981095, 55, '\x13d955658dc937857f5e194bfd97ef94', '47,48', '', 1, 55, 55, 1755109278000000, 'pos', 'c-310', 0, 0),
	(223401749981095, 56, '\x1b69c67b38eb29ee482a8788d2c68cfc', '48', '', 1, 55, 55, 1755109398000000, 'pos', 'c-311', 0, 0),
	(223401749981095, 57, '\x89efa6dfa96cd6bbdf77d446d6bec663', '49', '', 1, 55, 55, 1756304620000000, 'shop', 'c-319', 0, 0),
	(223401749981095, 58, '\xde6cac30494bd6a2e8fd72f3c493a5a9', '50,49,47', '', 1, 55, 55, 1756304980000000, 'shop', 'c-322', 0, 0),
	(223401749981095, 59, '\x855d9dab7f0959e41c4e1659a30c505a', '50', '', 1, 55, 55, 1756305340000000, 'shop', 'c-324', 0, 0),
	(223401749981095, 60, '\x7869fad121a5a3a18e1db1ba3314ea7b', '50,51', '', 1, 55, 55, 1756743820000000, 'helpdesk', 'c-327', 0, 0),
	(223401749981095, 62, '\x6c9a4ee62c3bf75ba58c4cacc96f6c92', '47', '', 1, 55, 55, 1756823020000000, 'survey', 'c-330', 0, 0),
	(223401749981095, 63, '\x1cf1a8f7b02a228cb01aa86cee5e5e61', '53,54', '', 1, 63, 63, 1757330584000000, 'helpdesk', 'c-333', 0, 0),
	(223401749981095, 64, '\xbfd7ed88e79bf05f1fca4cd1c7652536', '55', '', 1, 64, 64, 1757938538000000, 'shop', 'c-340', 0, 0),
	(223401749981095, 65, '\x7d0d86b43fe0202180309e21f666ac9c', '56', '', 1, 65, 65, 1759326029000000, 'app', 'c-345', 0, 0),
	(223401749981095, 66, '\xf50ddeeb4c137a0f9b1b81c89705efc5', '57', '', 1, 66, 66, 1759750831000000, 'social', 'c-348', 0, 0),
	(223401749981095, 67, '\xd11ae5b8e0e994d8d03bbdbb62c7c09e', '58', '', 1, 67, 67, 1760283079000000, 'shop', 'c-352', 0, 0),
	(223401749981095, 68, '\x1a8b1eda06970616a88f181fe85bfd8b', '59', '', 1, 4, 4, 1761060974000000, 'shop', 'c-358', 0, 0),
	(223401749981095, 69, '\x53cee66943ffb6e1587af66a25738653', '5,59', '', 1, 4, 4, 1761061334000000, 'shop', 'c-361', 0, 0),
	(223401749981095, 70, '\xf82bf6b39ba6398527db0654ed0f4487', '5,60', '', 1, 4, 4, 1761413774000000, 'helpdesk', 'c-365', 0, 0),
	(223401749981095, 71, '\x1ecdc4b58cc56e3b983e7d881323474c', '61', '', 1, 4, 4, 1761748791000000, 'app', 'c-373', 0, 0),
	(223401749981095, 72, '\xe98bca8af3810b389fa0ace66a7244b4', '5,61', '', 1, 4, 4, 1761748911000000, 'app', 'c-375', 0, 0),
	(223401749981095, 73, '\x9c46bf5fb9ccf39aeccd8b26c57844f9', '62', '', 1, 55, 55, 1762534456000000, 'app', 'c-383', 0, 0),
	(223401749981095, 74, '\x8b973c1138bbc5f90410d01e660d0a5a', '50,62', '', 1, 55, 55, 1762534576000000, 'app', 'c-384', 0, 0),
	(223401749981095, 75, '\x89d1f4750320e27c9fd28a8a1a533fbd', '63', '', 1, 75, 75, 1763995026000000, 'ads', 'c-392', 0, 0),
	(223401749981095, 76, '\x5053b8b3e8f084db333a6d0e15ea7167', '64', '', 1, 76, 76, 1765047246000000, 'shop', 'c-399', 0, 0),
	(223401749981095, 77, '\x00000000000000010000000000000000', '52,6', '', 1, 4, 4, -9223372036854775808, '', '0000000000000000001', 0, 0),
	(223401749981095, 61, '\xf3b1f9f40f67831c9d5746e76b789658', '52', '', 1, 4, 4, 1756804984000000, 'marketplace', 'c-329', 0, 0);


--
-- Data for Name: order_key; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.order_key VALUES
	(223401749981095, 'o-3ca40948c28d18f5', 2),
	(223401749981095, 'o-9b7257b9c1aa705e', 11),
	(223401749981095, 'o-67896020e032e29d', 22),
	(223401749981095, 'o-3b5c145dbd47a802', 38),
	(223401749981095, 'o-fe5564a919482a90', 54),
	(223401749981095, 'o-7f7df61d2f6dc095', 55),
	(223401749981095, 'o-9f43646b83ec45d5', 62),
	(223401749981095, 'o-21d6db517cb92611', 70),
	(223401749981095, 'o-e79b58694be11594', 83),
	(223401749981095, 'o-bcc98a8f561772f5', 86),
	(223401749981095, 'o-e14b1ac5643dc38d', 87),
	(223401749981095, 'o-a515d79b1ae07bca', 93),
	(223401749981095, 'o-bb3db73ad95edb67', 123),
	(223401749981095, 'o-4c7214954c74da28', 136),
	(223401749981095, 'o-d6316e6f93215e20', 137),
	(223401749981095, 'o-37b54213f6bb8250', 139),
	(223401749981095, 'o-8aa51e41a09c5000', 144),
	(223401749981095, 'o-9a3dc38b88c66d55', 146),
	(223401749981095, 'o-8fe328256ff129e6', 149),
	(223401749981095, 'o-d04a14ee946bc01b', 159),
	(223401749981095, 'o-aa12e6996a334ed5', 171),
	(223401749981095, 'o-868f948876c5ca73', 173),
	(223401749981095, 'o-f0ad7641b10933c4', 174),
	(223401749981095, 'o-9dd15844ebac9211', 180),
	(223401749981095, 'o-234577b1150acf12', 182),
	(223401749981095, 'o-1300b03e463768f9', 190),
	(223401749981095, 'o-ee280930e02744b6', 210),
	(223401749981095, 'o-69c04e22b2fa9137', 229),
	(223401749981095, 'o-8be74f40f11ddd7c', 236),
	(223401749981095, 'o-62c5169bd365c6bf', 243),
	(223401749981095, 'o-df428d7abd8f6187', 262),
	(223401749981095, 'o-cc38610b99e717f0', 265),
	(223401749981095, 'o-8945e9ac5f064d98', 272),
	(223401749981095, 'o-ce95313c6ab46638', 282),
	(223401749981095, 'o-549da2e87de1cd3e', 287),
	(223401749981095, 'o-755084a6b2d65c6e', 291),
	(223401749981095, 'o-2b822c397e8767b0', 297),
	(223401749981095, 'o-076d64488ebcfaf8', 298),
	(223401749981095, 'o-451c7e1f00fc9924', 302),
	(223401749981095, 'o-82646c5c70ba2a88', 306),
	(223401749981095, 'o-4f04e82a7e3d0592', 310),
	(223401749981095, 'o-de14e7baf178b779', 313),
	(223401749981095, 'o-2d3d272d015bd6d0', 315),
	(223401749981095, 'o-f54de39f5a6de5b7', 317),
	(223401749981095, 'o-bd8204c505ada30d', 325),
	(223401749981095, 'o-5823c6fa105866dd', 326),
	(223401749981095, 'o-7ec7ec3c3d04db62', 330),
	(223401749981095, 'o-c86f52400f66f485', 340),
	(223401749981095, 'o-98117f1b3bf9a0ea', 343),
	(223401749981095, 'o-4b23127d5deb5897', 345),
	(223401749981095, 'o-4cba423d03686095', 358),
	(223401749981095, 'o-2e258a69473d3976', 364),
	(223401749981095, 'o-1742d1ad06c8e25d', 369),
	(223401749981095, 'o-df554a23151bfaaa', 383),
	(223401749981095, 'o-a8c2a1c49d5c88f4', 387),
	(223401749981095, 'o-6e3f3f2c7acddae2', 396),
	(223401749981095, 'o-77ce092bd19185b9', 399),
	(223401749981095, 'o-02a8969fba0c4dd7', 401);


--
-- Data for Name: reassignment; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.reassignment VALUES
	(223401749981095, 2, 61, 61, 4);


--
-- Data for Name: record; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: request; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.request VALUES
	(223401749981095, 'r1', '\x1fc92983c7db5300555437cf0c3cc283', 2),
	(223401749981095, 'r2', '\xa4671c108ea71624ae4413797fbf5c88', 3);


--
-- Data for Name: revision; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.revision VALUES
	(223401749981095, 1, 1795959038066456, 401, 76),
	(223401749981095, 2, 1795959039107819, 401, 77),
	(223401749981095, 3, 1795959039230263, 401, 77),
	(223401749981095, 4, 1795959039304772, 401, 77);


--
-- Data for Name: rule_set; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.rule_set VALUES
	(223401749981095, 1, 0, '{"kinds":[{"kind":"ACCOUNT","registered":true,"priority":1,"limit":1,"joins_registered":true,"on_conflict":"demote","share_after":null,"normalizer":"exact"},{"kind":"CRM_ID","registered":true,"priority":2,"limit":1,"joins_registered":true,"on_conflict":"demote","share_after":null,"normalizer":"exact"},{"kind":"LOYALTY_CARD","registered":true,"priority":3,"limit":3,"joins_registered":true,"on_conflict":"demote","share_after":3,"normalizer":"exact"},{"kind":"EMAIL","registered":true,"priority":4,"limit":5,"joins_registered":true,"on_conflict":"demote","share_after":3,"normalizer":"email"},{"kind":"PHONE","registered":true,"priority":5,"limit":5,"joins_registered":true,"on_conflict":"demote","share_after":3,"normalizer":"phone"},{"kind":"PAYMENT_TOKEN","registered":true,"priority":6,"limit":10,"joins_registered":true,"on_conflict":"demote","share_after":3,"normalizer":"exact"},{"kind":"SOCIAL_HANDLE","registered":true,"priority":7,"limit":5,"joins_registered":true,"on_conflict":"demote","share_after":3,"normalizer":"folded"},{"kind":"DEVICE","registered":false,"priority":8,"limit":50,"joins_registered":false,"on_conflict":"demote","share_after":4,"normalizer":"exact"},{"kind":"COOKIE","registered":false,"priority":9,"limit":200,"joins_registered":false,"on_conflict":"demote","share_after":4,"normalizer":"exact"}],"blocked":["0","-1","[object Object]","NaN","None"],"blocked_ignoring_case":["","null","nil","none","undefined","anonymous","guest","unknown","n/a","na","nan","test","true","false","id","user","customer","not_set","(not set)","not set"],"blocked_patterns":[],"default_region":"GB","trait_sources":[],"component_limit":50000}', NULL, NULL);


--
-- Data for Name: scoring; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: sharing; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: sighting; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.sighting VALUES
	(223401749981095, 1, 1),
	(223401749981095, 2, 2),
	(223401749981095, 3, 3),
	(223401749981095, 4, 4),
	(223401749981095, 4, 5),
	(223401749981095, 5, 5),
	(223401749981095, 5, 6),
	(223401749981095, 5, 21),
	(223401749981095, 5, 49),
	(223401749981095, 5, 69),
	(223401749981095, 5, 70),
	(223401749981095, 5, 72),
	(223401749981095, 6, 5),
	(223401749981095, 6, 7),
	(223401749981095, 6, 15),
	(223401749981095, 7, 8),
	(223401749981095, 8, 9),
	(223401749981095, 9, 10),
	(223401749981095, 10, 11),
	(223401749981095, 11, 12),
	(223401749981095, 12, 13),
	(223401749981095, 13, 14),
	(223401749981095, 14, 15),
	(223401749981095, 14, 26),
	(223401749981095, 15, 16),
	(223401749981095, 16, 17),
	(223401749981095, 16, 21),
	(223401749981095, 17, 18),
	(223401749981095, 18, 19),
	(223401749981095, 19, 20),
	(223401749981095, 20, 22),
	(223401749981095, 21, 23),
	(223401749981095, 22, 24),
	(223401749981095, 23, 25),
	(223401749981095, 24, 27),
	(223401749981095, 25, 28),
	(223401749981095, 26, 29),
	(223401749981095, 27, 30),
	(223401749981095, 27, 31),
	(223401749981095, 27, 40),
	(223401749981095, 28, 31),
	(223401749981095, 28, 32),
	(223401749981095, 28, 40),
	(223401749981095, 29, 31),
	(223401749981095, 30, 33),
	(223401749981095, 30, 35),
	(223401749981095, 31, 34),
	(223401749981095, 31, 35),
	(223401749981095, 32, 36),
	(223401749981095, 33, 37),
	(223401749981095, 33, 39),
	(223401749981095, 34, 38),
	(223401749981095, 34, 39),
	(223401749981095, 35, 41),
	(223401749981095, 36, 42),
	(223401749981095, 37, 43),
	(223401749981095, 38, 44),
	(223401749981095, 38, 46),
	(223401749981095, 39, 45),
	(223401749981095, 39, 46),
	(223401749981095, 40, 47),
	(223401749981095, 41, 48),
	(223401749981095, 41, 49),
	(223401749981095, 42, 50),
	(223401749981095, 43, 51),
	(223401749981095, 44, 52),
	(223401749981095, 45, 53),
	(223401749981095, 46, 54),
	(223401749981095, 47, 55),
	(223401749981095, 47, 58),
	(223401749981095, 47, 62),
	(223401749981095, 48, 55),
	(223401749981095, 48, 56),
	(223401749981095, 49, 57),
	(223401749981095, 49, 58),
	(223401749981095, 50, 58),
	(223401749981095, 50, 59),
	(223401749981095, 50, 60),
	(223401749981095, 50, 74),
	(223401749981095, 51, 60),
	(223401749981095, 52, 61),
	(223401749981095, 53, 63),
	(223401749981095, 54, 63),
	(223401749981095, 55, 64),
	(223401749981095, 56, 65),
	(223401749981095, 57, 66),
	(223401749981095, 58, 67),
	(223401749981095, 59, 68),
	(223401749981095, 59, 69),
	(223401749981095, 60, 70),
	(223401749981095, 61, 71),
	(223401749981095, 61, 72),
	(223401749981095, 62, 73),
	(223401749981095, 62, 74),
	(223401749981095, 63, 75),
	(223401749981095, 64, 76);


--
-- Data for Name: stretch; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: summary; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.summary VALUES
	(223401749981095, 1, '\x01090180bd8cd0f6d488060361647303632d320b6164766572746973696e670180c1e0fcbb9189060473686f7004632d313303776562030861645f636c69636b0b6164766572746973696e67c2fb0202000c70726f647563745f7669657703776562c2fb02040005766973697403776562c2fb020300000103455552b4010000'),
	(223401749981095, 2, '\x010301809faaddf7e4880603706f7303632d380573746f726501809ba8e0fbe4880603706f7304632d31300573746f726503056f726465720573746f7265c2fb0201a2010d70726f647563745f747269616c0573746f7265c2fb0201000c737562736372697074696f6e0573746f7265c2fb020100010345555201d0f20200000000030a62697274685f796561720103706f7301808f9bc2f9e4880603632d3901821f0004636974790103706f7301808f9bc2f9e4880603632d39000748616e6f76657200046e616d650103706f7301808f9bc2f9e4880603632d39000c57696c6c656d20426175657200'),
	(223401749981095, 3, '\x010a0180b3e6f599868a060473686f7004632d31340377656201809da79ba3cd8a060473686f7004632d333003776562050861645f636c69636b0b6164766572746973696e67c6fb0201000c70726f647563745f7669657703776562c4fb0202000c70726f647563745f7669657703776562c6fb02040005766973697403776562c4fb02010005766973697403776562c6fb0202000001034555525a0000'),
	(223401749981095, 4, '\x01070180eefafde1ae8a060473686f7004632d3137037765620180f299accd8d8d060473686f7004632d353903776562070c636172745f7570646174656403776562c4fb0201000c70726f647563745f7669657703776562c4fb0201000c70726f647563745f7669657703776562c6fb0201000c70726f647563745f7669657703776562cafb02010005766973697403776562c4fb02010005766973697403776562c6fb02010005766973697403776562cafb02010000000000'),
	(223401749981095, 5, '\x0101018096a4d5e4ae8a060473686f7004632d313903776562018096a4d5e4ae8a060473686f7004632d313903776562010c726567697374726174696f6e03776562c4fb020100000000030a62697274685f79656172010473686f70018096a4d5e4ae8a0604632d313901841f000463697479010473686f70018096a4d5e4ae8a0604632d313900074c6569707a696700046e616d65010473686f70018096a4d5e4ae8a0604632d3139000a456d696c20456265727400'),
	(223401749981095, 6, '\x010b0180becdace7ae8a060473686f7004632d3231037765620180deafd2adffa0060473686f7005632d333634037765620b0864656c697665727903776562c6fb0201000864656c697665727903776562cefb0201000864656c697665727903776562d4fb0201000864656c697665727903776562e4fb0201000864656c697665727903776562eafb0201000b6f666665725f73686f776e03776562cefb020100056f7264657203776562c4fb020100056f7264657203776562cefb020100056f7264657203776562d4fb020100056f7264657203776562e4fb020100056f7264657203776562eafb020100010345555205acb4080000000000'),
	(223401749981095, 7, '\x01120180eea1d1f4c78a060673757276657904632d323705656d61696c01808edff3a2d0a106066d61696c657205632d33383905656d61696c0a076d65737361676505656d61696cc6fb020100076d65737361676505656d61696ccefb020200076d65737361676505656d61696cd6fb020200076d65737361676505656d61696cdefb020200076d65737361676505656d61696ce4fb020200076d65737361676505656d61696ce6fb020300076d65737361676505656d61696cecfb0203000d7375727665795f616e7377657205656d61696cc6fb0201000d7375727665795f616e7377657205656d61696cd0fb0201000d7375727665795f616e7377657205656d61696ceafb02010000000180deeaafb184a1060673757276657905632d33363905656d61696c0a00'),
	(223401749981095, 8, '\x01010180ccb09c86988b060473686f7004632d3334037765620180ccb09c86988b060473686f7004632d3334037765620105766973697403776562c6fb02010000000000'),
	(223401749981095, 9, '\x01050180e4c68ceaa18b060473686f7004632d3335037765620180c3fcff88828c060473686f7004632d353203776562040861645f636c69636b0b6164766572746973696e67c8fb0201000c70726f647563745f7669657703776562c8fb02020005766973697403776562c6fb02010005766973697403776562c8fb0201000001034555525a0000'),
	(223401749981095, 10, '\x011c0180aeaaf58cbb8b0603706f7304632d33360573746f72650180ed9fdef2a39e0603706f7305632d3331360573746f7265170c636f6e766572736174696f6e0573746f7265cefb020182030c636f6e766572736174696f6e0573746f7265e0fb0201fe040c636f6e766572736174696f6e0573746f7265e4fb0201d2030b6f666665725f73686f776e0573746f7265d2fb0201000b6f666665725f73686f776e0573746f7265dafb020100056f726465720573746f7265c6fb02013d056f726465720573746f7265c8fb020152056f726465720573746f7265cafb02019801056f726465720573746f7265cefb0202ff01056f726465720573746f7265d2fb02019101056f726465720573746f7265d6fb02019501056f726465720573746f7265dafb0202c601056f726465720573746f7265dcfb020151056f726465720573746f7265e0fb020145056f726465720573746f7265e4fb02019d01056f726465720573746f7265e6fb0203b4020d70726f647563745f747269616c0573746f7265cafb0201000d70726f647563745f747269616c0573746f7265cefb0201000d70726f647563745f747269616c0573746f7265d2fb0201000d70726f647563745f747269616c0573746f7265dcfb0201000d70726f647563745f747269616c0573746f7265e6fb0202000672657475726e0573746f7265e4fb0201e4020c737562736372697074696f6e0573746f7265c6fb02010001034555520f94a81901bc0f0000030a62697274685f796561720103706f730180aeaaf58cbb8b0604632d333601dc1e0004636974790103706f730180aeaaf58cbb8b0604632d3336000748616e6f76657200046e616d650103706f730180aeaaf58cbb8b0604632d3336000b4361726c6120456e67656c00'),
	(223401749981095, 11, '\x01060180b2a8cca3bb8b060361647304632d33380b6164766572746973696e670180c88fc2acd48b060473686f7004632d343603776562030861645f636c69636b0b6164766572746973696e67c6fb0201000c70726f647563745f7669657703776562c6fb02030005766973697403776562c6fb0202000001034555525a0000'),
	(223401749981095, 12, '\x01030180aea2b2bcbc8b060473686f7004632d343103776562018082f7ddbdbc8b060473686f7004632d343303776562020c70726f647563745f7669657703776562c6fb02020005766973697403776562c6fb02010000000000'),
	(223401749981095, 13, '\x01020180add6e0dbed8b060473686f7004632d3437037765620180c9f299dced8b060473686f7004632d343803776562020c70726f647563745f7669657703776562c8fb02010005766973697403776562c8fb02010000000000'),
	(223401749981095, 14, '\x01080180a481a1aefa8c060473686f7004632d35350377656201808ab5b9cbd58d060473686f7004632d363703776562030c636172745f7570646174656403776562cafb0201000c70726f647563745f7669657703776562cafb02040005766973697403776562cafb02030000000000'),
	(223401749981095, 15, '\x01010180c3c4a88b938d0603706f7304632d36300573746f72650180c3c4a88b938d0603706f7304632d36300573746f7265010c737562736372697074696f6e0573746f7265cafb020100000000030a62697274685f796561720103706f730180c3c4a88b938d0604632d363001841f0004636974790103706f730180c3c4a88b938d0604632d363000074c6569707a696700046e616d650103706f730180c3c4a88b938d0604632d3630000a456d696c20456265727400'),
	(223401749981095, 16, '\x0105018087ffa3dcff8e060361647304632d37300b6164766572746973696e670180efdcdfb7a28f060473686f7004632d373403776562020861645f636c69636b0b6164766572746973696e67ccfb02020005766973697403776562ccfb020300000103455552b4010000'),
	(223401749981095, 17, '\x010d0180b9a5adf5b68f060473686f7004632d37370377656201809ecde180eb99060473686f7005632d323239037765620c0c636172745f7570646174656403776562cefb0201000c636172745f7570646174656403776562d0fb0201000c636172745f7570646174656403776562d4fb0201000c70726f647563745f7669657703776562cefb0201000c70726f647563745f7669657703776562d0fb0201000c70726f647563745f7669657703776562d4fb02010005766973697403776562cefb02020005766973697403776562d0fb02010005766973697403776562d4fb02010005766973697403776562d6fb02010005766973697403776562dcfb02010005766973697403776562defb02010000000000'),
	(223401749981095, 18, '\x01020180acdaadc4f98f060473686f7004632d3739037765620180c8f6e6c4f98f060473686f7004632d383003776562020c70726f647563745f7669657703776562cefb02010005766973697403776562cefb02010000000000'),
	(223401749981095, 19, '\x01080180b7f69f8188900603706f7304632d38310573746f72650180c5b2b28989940603706f7305632d3134380573746f7265050c636f6e766572736174696f6e0573746f7265d4fb0202a808056f726465720573746f7265cefb02015f056f726465720573746f7265d4fb0203c0020d70726f647563745f747269616c0573746f7265d4fb0201000c737562736372697074696f6e0573746f7265cefb02010001034555520480f00300000000030a62697274685f796561720103706f730180b7f69f8188900604632d383101a01f0004636974790103706f730180b7f69f8188900604632d383100064d756e69636800046e616d650103706f730180b7f69f8188900604632d383100094c656f20496d686f6600'),
	(223401749981095, 20, '\x01010180faebced8a090060473686f7004632d3837037765620180faebced8a090060473686f7004632d3837037765620105766973697403776562cefb02010000000000'),
	(223401749981095, 21, '\x010201809f9fd3c8a190060473686f7004632d3839037765620180cfe3ccc2eb93060473686f7005632d3134310377656202056c6f67696e03776562cefb020100056c6f67696e03776562d4fb02010000000000'),
	(223401749981095, 23, '\x01030180ddcef8e6dc90060473686f7004632d3939037765620180b1a3a4e8dc90060473686f7005632d31303103776562020c70726f647563745f7669657703776562d0fb02020005766973697403776562d0fb02010000000000'),
	(223401749981095, 24, '\x01020180c987c2a1a192060473686f7005632d313138037765620180e5a3fba1a192060473686f7005632d31313903776562020c70726f647563745f7669657703776562d2fb02010005766973697403776562d2fb02010000000000'),
	(223401749981095, 25, '\x01030180d6f181f8a692060361647305632d3132330b6164766572746973696e6701808eaaf4f8a692060473686f7005632d31323503776562030861645f636c69636b0b6164766572746973696e67d2fb0201000c70726f647563745f7669657703776562d2fb02010005766973697403776562d2fb0201000001034555525a0000'),
	(223401749981095, 26, '\x010801809a9b9ab3a4930603706f7305632d3133360573746f72650180b9b4b0d2849a0603706f7305632d3233370573746f7265070c636f6e766572736174696f6e0573746f7265d4fb0201bc030c636f6e766572736174696f6e0573746f7265d8fb0201b0020c636f6e766572736174696f6e0573746f7265defb0201b403056f726465720573746f7265d4fb0202a902056f726465720573746f7265d8fb0201af01056f726465720573746f7265defb02014e0672657475726e0573746f7265e0fb0201d501010345555204fcb50801d859000000'),
	(223401749981095, 27, '\x01030180a9e1fa93bd930606736f6369616c05632d31333706736f6369616c0180d3e5b8e4d89f0606736f6369616c05632d33343306736f6369616c0311736f6369616c5f656e676167656d656e7406736f6369616cd4fb02010011736f6369616c5f656e676167656d656e7406736f6369616cdafb02010011736f6369616c5f656e676167656d656e7406736f6369616ce8fb02010000000000'),
	(223401749981095, 28, '\x01040180e7ab91b6a194060361647305632d3135300b6164766572746973696e670180ffc5cdbaa194060473686f7005632d31353303776562040861645f636c69636b0b6164766572746973696e67d6fb0201000c636172745f7570646174656403776562d6fb0201000c70726f647563745f7669657703776562d6fb02010005766973697403776562d6fb0201000001034555525a0000'),
	(223401749981095, 29, '\x01030180d2c68bfdfa95060473686f7005632d313634037765620180a69bb7fefa95060473686f7005632d31363603776562020c70726f647563745f7669657703776562d8fb02020005766973697403776562d8fb02010000000000'),
	(223401749981095, 30, '\x010a01809fbdbcb1a696060473686f7005632d313637037765620180c184b28fc49b060473686f7005632d32353503776562090c636172745f7570646174656403776562d8fb0201000c636172745f7570646174656403776562dcfb0201000c636172745f7570646174656403776562e2fb0201000c70726f647563745f7669657703776562defb0201000c70726f647563745f7669657703776562e2fb02010005766973697403776562d8fb02010005766973697403776562dcfb02010005766973697403776562defb02020005766973697403776562e2fb02010000000000'),
	(223401749981095, 31, '\x010101808aabdb9a8e98060473686f7005632d3137360377656201808aabdb9a8e98060473686f7005632d31373603776562010c726567697374726174696f6e03776562dcfb020100000000030a62697274685f79656172010473686f7001808aabdb9a8e980605632d31373601961f000463697479010473686f7001808aabdb9a8e980605632d31373600074c6569707a696700046e616d65010473686f7001808aabdb9a8e980605632d313736000b54696c646120496d686f6600'),
	(223401749981095, 32, '\x01040180c2e3cd9b8e98060473686f7005632d313737037765620180e2a796dbe898060473686f7005632d32303403776562040864656c697665727903776562dcfb0201000b6f666665725f73686f776e03776562dcfb020100056f7264657203776562dcfb0201000672657475726e03776562dcfb02019902010345555201f87801f878000000'),
	(223401749981095, 33, '\x010f0180d3a5e695a898060361647305632d3138330b6164766572746973696e670180c2b2e6c5cb9c060473686f7005632d323732037765620a0861645f636c69636b0b6164766572746973696e67dcfb0201000c636172745f7570646174656403776562dcfb0201000c636172745f7570646174656403776562defb0201000c70726f647563745f7669657703776562dcfb0204000c70726f647563745f7669657703776562defb0201000c70726f647563745f7669657703776562e0fb02020005766973697403776562dcfb02020005766973697403776562defb02010005766973697403776562e0fb02010005766973697403776562e4fb0201000001034555525a0000'),
	(223401749981095, 34, '\x01030180cfa3e999a898060473686f7005632d313837037765620180eff2b7a1b798060473686f7005632d31393103776562030864656c697665727903776562dcfb0201000b6f666665725f73686f776e03776562dcfb020100056f7264657203776562dcfb020100010345555201fced010000000000'),
	(223401749981095, 35, '\x01010180ecf6d29ba898060473686f7005632d313930037765620180ecf6d29ba898060473686f7005632d31393003776562010c636f6e6669726d6174696f6e03776562dcfb02010000000000'),
	(223401749981095, 36, '\x011301809ad3f7e8c198060473686f7005632d3139330377656201808586cca6b9a0060473686f7005632d333531037765620c0861645f636c69636b0b6164766572746973696e67dcfb0201000861645f636c69636b0b6164766572746973696e67e0fb0201000861645f636c69636b0b6164766572746973696e67e6fb0201000c70726f647563745f7669657703776562dcfb0204000c70726f647563745f7669657703776562e0fb0201000c70726f647563745f7669657703776562e4fb0201000c70726f647563745f7669657703776562eafb02020005766973697403776562dcfb02030005766973697403776562e0fb02020005766973697403776562e4fb02010005766973697403776562e6fb02010005766973697403776562eafb0201000001034555528e020000'),
	(223401749981095, 37, '\x01090180f3d1fbfded98060473686f7005632d323035037765620180f1ab8ab2c49b060473686f7005632d32353703776562050c636172745f7570646174656403776562defb0201000c70726f647563745f7669657703776562defb0203000c70726f647563745f7669657703776562e2fb02010005766973697403776562defb02030005766973697403776562e2fb02010000000000'),
	(223401749981095, 38, '\x01020180c3a4aa83ee98060473686f7005632d323039037765620180f38cd981f398060473686f7005632d32313103776562020864656c697665727903776562defb020100056f7264657203776562defb0201000103455552018c1f0000000000'),
	(223401749981095, 39, '\x01010180f086af83ee98060473686f7005632d323130037765620180f086af83ee98060473686f7005632d32313003776562010c636f6e6669726d6174696f6e03776562defb02010000000000'),
	(223401749981095, 40, '\x0102018099f382fcf698060473686f7005632d323133037765620180b380d7e6fb99060473686f7005632d3233330377656201056c6f67696e03776562defb02020000000000'),
	(223401749981095, 41, '\x01080180d2d2d494c399060361647305632d3231370b6164766572746973696e6701808383c2c2c39b060473686f7005632d32353203776562060861645f636c69636b0b6164766572746973696e67defb0201000c636172745f7570646174656403776562defb0201000c70726f647563745f7669657703776562defb0201000c70726f647563745f7669657703776562e2fb02020005766973697403776562defb02020005766973697403776562e2fb0201000001034555525a0000'),
	(223401749981095, 42, '\x010201809ea1e38ef199060473686f7005632d323330037765620180caa8e0e1b09b060473686f7005632d323437037765620205766973697403776562defb02010005766973697403776562e2fb02010000000000'),
	(223401749981095, 43, '\x01020180bef9b3f5be9b060473686f7005632d323438037765620180da95edf5be9b060473686f7005632d32343903776562020c70726f647563745f7669657703776562e2fb02010005766973697403776562e2fb02010000000000'),
	(223401749981095, 44, '\x010801809294e7b3f69b060473686f7005632d323538037765620180b1cca2d4bf9d060473686f7005632d32393203776562040c636172745f7570646174656403776562e2fb0201000c70726f647563745f7669657703776562e4fb02030005766973697403776562e2fb02020005766973697403776562e4fb02020000000000'),
	(223401749981095, 45, '\x01020180e0adb9a49a9c060473686f7005632d3236310377656201809082deb1b39c060473686f7005632d32363503776562020864656c697665727903776562e2fb020100056f7264657203776562e2fb020100010345555201a0420000000000'),
	(223401749981095, 46, '\x010101808d90bea49a9c060473686f7005632d3236320377656201808d90bea49a9c060473686f7005632d32363203776562010c636f6e6669726d6174696f6e03776562e2fb02010000000000'),
	(223401749981095, 47, '\x010e01808ee98adea89c0603706f7305632d3236330573746f72650180e8e9e19cc0a10603706f7305632d3338320573746f72650b0c636f6e766572736174696f6e0573746f7265e6fb0201b0020c636f6e766572736174696f6e0573746f7265e8fb02018a040c636f6e766572736174696f6e0573746f7265eafb0202c8050b6f666665725f73686f776e0573746f7265eafb020100056f726465720573746f7265e2fb02018801056f726465720573746f7265e6fb0202ae02056f726465720573746f7265e8fb020157056f726465720573746f7265eafb0202e501056f726465720573746f7265ecfb020186010d70726f647563745f747269616c0573746f7265ecfb0201000c737562736372697074696f6e0573746f7265e2fb02010001034555520798cf0600000000030a62697274685f796561720103706f7301808ee98adea89c0605632d32363301a41f0004636974790103706f7301808ee98adea89c0605632d323633000953747574746761727400046e616d650103706f7301808ee98adea89c0605632d32363300094875676f2046616c6b00'),
	(223401749981095, 48, '\x01060180c294d3b1c79c060473686f7005632d323638037765620180debdf7f2f19d060473686f7005632d33303003776562040c636172745f7570646174656403776562e4fb0201000c70726f647563745f7669657703776562e6fb02020005766973697403776562e4fb02020005766973697403776562e6fb02010000000000'),
	(223401749981095, 49, '\x01010180eabdaab4c79c060473686f7005632d323639037765620180eabdaab4c79c060473686f7005632d3236390377656201056c6f67696e03776562e4fb02010000000000'),
	(223401749981095, 50, '\x010301809daec089ea9c060473686f7005632d323736037765620180f182ec8aea9c060473686f7005632d32373803776562020c70726f647563745f7669657703776562e4fb02020005766973697403776562e4fb02010000000000'),
	(223401749981095, 51, '\x010101809084e8aeef9c060473686f7005632d3237390377656201809084e8aeef9c060473686f7005632d323739037765620105766973697403776562e4fb02010000000000'),
	(223401749981095, 52, '\x01010180b69686fcaf9d060473686f7005632d323837037765620180b69686fcaf9d060473686f7005632d323837037765620105766973697403776562e4fb02010000000000'),
	(223401749981095, 53, '\x01030180c68ea982fc9d060473686f7005632d333036037765620180bcb4bcb39aa2060473686f7005632d33393603776562030c70726f647563745f7669657703776562e6fb02010005766973697403776562e6fb02010005766973697403776562ecfb02010000000000'),
	(223401749981095, 54, '\x01050180f4b085e7809e0603706f7305632d3330380573746f72650180a9b2b6959d9f0603706f7305632d3333390573746f7265040c636f6e766572736174696f6e0573746f7265e8fb0201b402056f726465720573746f7265e6fb0202e501056f726465720573746f7265e8fb0201a2010c737562736372697074696f6e0573746f7265e6fb020100010345555203c0d80400000000030a62697274685f796561720103706f730180f4b085e7809e0605632d333038019c1f0004636974790103706f730180f4b085e7809e0605632d333038000748616d6275726700046e616d650103706f730180f4b085e7809e0605632d333038000842656e204772616600'),
	(223401749981095, 55, '\x010101808ef590e7909e0603706f7305632d3331300573746f726501808ef590e7909e0603706f7305632d3331300573746f7265010c737562736372697074696f6e0573746f7265e6fb020100000000030a62697274685f796561720103706f7301808ef590e7909e0605632d33313001b21e0004636974790103706f7301808ef590e7909e0605632d3331300005457373656e00046e616d650103706f7301808ef590e7909e0605632d333130000a58656e6961204772616600'),
	(223401749981095, 56, '\x01040180c6ad83e8909e0603706f7305632d3331310573746f72650180f2f28f94a8a30603706f7305632d3430300573746f7265040c636f6e766572736174696f6e0573746f7265e6fb0201dc03056f726465720573746f7265e6fb020161056f726465720573746f7265e8fb02018301056f726465720573746f7265eefb02014e0103455552039489020000000000'),
	(223401749981095, 57, '\x01040180ccf08fb1d69e060473686f7005632d333139037765620180c8ee92b5d69e060473686f7005632d33323303776562030c636172745f7570646174656403776562e6fb0201000c70726f647563745f7669657703776562e6fb02020005766973697403776562e6fb02010000000000'),
	(223401749981095, 58, '\x01010180f499e7b3d69e060473686f7005632d333232037765620180f499e7b3d69e060473686f7005632d33323203776562010c726567697374726174696f6e03776562e6fb020100000000030a62697274685f79656172010473686f700180f499e7b3d69e0605632d33323201b21e000463697479010473686f700180f499e7b3d69e0605632d3332320005457373656e00046e616d65010473686f700180f499e7b3d69e0605632d333232000a58656e6961204772616600'),
	(223401749981095, 59, '\x010501809cc3beb6d69e060473686f7005632d333234037765620180f8b1bd88cba1060473686f7005632d33383703776562050864656c697665727903776562e8fb0201000864656c697665727903776562ecfb0201000b6f666665725f73686f776e03617070ecfb020100056f7264657203617070ecfb020100056f7264657203776562e6fb020100010345555202bc550000000000'),
	(223401749981095, 60, '\x01040180ecd1b5f9ef9e060868656c706465736b05632d3332370b63616c6c5f63656e7472650180faf2e9fb979f060868656c706465736b05632d3333350b63616c6c5f63656e747265010f736572766963655f636f6e746163740b63616c6c5f63656e747265e8fb0204fe0600000000'),
	(223401749981095, 61, '\x01020180b89690c1f39e060b6d61726b6574706c61636505632d3332390b6d61726b6574706c6163650180b8f8c0d7919f060473686f7005632d33333203776562020864656c697665727903776562e8fb020100056f726465720b6d61726b6574706c616365e8fb020100010345555201e0150000000000'),
	(223401749981095, 62, '\x01010180ccd2c0c7f49e060673757276657905632d33333005656d61696c0180ccd2c0c7f49e060673757276657905632d33333005656d61696c010d7375727665795f616e7377657205656d61696ce8fb02010000000180ccd2c0c7f49e060673757276657905632d33333005656d61696c0600'),
	(223401749981095, 63, '\x01040180d8b2938d929f060868656c706465736b05632d3333330b63616c6c5f63656e7472650180abad9c909a9f060673757276657905632d3333370b63616c6c5f63656e747265020f736572766963655f636f6e746163740b63616c6c5f63656e747265e8fb0203aa070d7375727665795f616e737765720b63616c6c5f63656e747265e8fb02010000000000'),
	(223401749981095, 64, '\x01020180bac1e1beb59f060473686f7005632d33343003776562018096faf7fd8ba0060473686f7005632d333437037765620205766973697403776562e8fb02010005766973697403776562eafb02010000000000'),
	(223401749981095, 65, '\x01070180b585b0a086a0060361707005632d333435036170700180a599a4f2e7a1060361707005632d33393103617070040c70726f647563745f7669657703617070eafb0201000c70726f647563745f7669657703617070ecfb02030005766973697403617070eafb02010005766973697403617070ecfb02020000000000'),
	(223401749981095, 66, '\x01010180a7e6b2fd9ea00606736f6369616c05632d33343806736f6369616c0180a7e6b2fd9ea00606736f6369616c05632d33343806736f6369616c0111736f6369616c5f656e676167656d656e7406736f6369616ceafb02010000000000'),
	(223401749981095, 67, '\x01030180ff85fafabda0060473686f7005632d333532037765620180d3daa5fcbda0060473686f7005632d33353403776562020c70726f647563745f7669657703776562eafb02020005766973697403776562eafb02010000000000'),
	(223401749981095, 68, '\x01040180dec3dc9eeba0060473686f7005632d333538037765620180dac1dfa2eba0060473686f7005632d33363203776562030c636172745f7570646174656403776562eafb0201000c70726f647563745f7669657703776562eafb02020005766973697403776562eafb02010000000000'),
	(223401749981095, 69, '\x0101018086edb3a1eba0060473686f7005632d33363103776562018086edb3a1eba0060473686f7005632d3336310377656201056c6f67696e03776562eafb02010000000000'),
	(223401749981095, 70, '\x01050180fee9a4e3ffa0060868656c706465736b05632d3336350b63616c6c5f63656e74726501808b8198898ea1060673757276657905632d3337320b63616c6c5f63656e747265020f736572766963655f636f6e746163740b63616c6c5f63656e747265eafb0203d6050d7375727665795f616e737765720b63616c6c5f63656e747265eafb02020000000000'),
	(223401749981095, 71, '\x01030180eff7ada393a1060361707005632d333733036170700180c3ccd9a493a1060361707005632d33373603617070020c70726f647563745f7669657703617070eafb02020005766973697403617070eafb02010000000000'),
	(223401749981095, 72, '\x01010180a7b0a0a493a1060361707005632d333735036170700180a7b0a0a493a1060361707005632d3337350361707001056c6f67696e03617070eafb02010000000000'),
	(223401749981095, 73, '\x01010180f8bb8281c1a1060361707005632d333833036170700180f8bb8281c1a1060361707005632d333833036170700105766973697403617070ecfb02010000000000'),
	(223401749981095, 74, '\x01010180b0f4f481c1a1060361707005632d333834036170700180b0f4f481c1a1060361707005632d3338340361707001056c6f67696e03617070ecfb02010000000000'),
	(223401749981095, 75, '\x01020180a2c88e8396a2060361647305632d3339320b6164766572746973696e670180bee4c78396a2060473686f7005632d33393303776562020861645f636c69636b0b6164766572746973696e67ecfb02010005766973697403776562ecfb0201000001034555525a0000'),
	(223401749981095, 76, '\x01010180bee0e1a2d3a2060473686f7005632d333939037765620180bee0e1a2d3a2060473686f7005632d333939037765620105766973697403776562eefb02010000000000'),
	(223401749981095, 22, '\x011e0180a1f991eddb90060361647304632d39350b6164766572746973696e670180f2fa98db9495060473686f7005632d313631037765620b0861645f636c69636b0b6164766572746973696e67d0fb0202000861645f636c69636b0b6164766572746973696e67d2fb0203000c636172745f7570646174656403776562d0fb0201000c70726f647563745f7669657703776562d0fb0203000c70726f647563745f7669657703776562d2fb0203000c70726f647563745f7669657703776562d4fb0202000c70726f647563745f7669657703776562d6fb02040005766973697403776562d0fb02030005766973697403776562d2fb02060005766973697403776562d4fb02010005766973697403776562d6fb020200000103455552c2030000');


--
-- Data for Name: tenant; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.tenant VALUES
	(223401749981095, 'default', 4, 1795959039304772, 402, 78, 65, 1, 3, 3);


--
-- Data for Name: touchpoint; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.touchpoint VALUES
	(223401749981095, 1, 1, 'pos', 'c-0', '\x68de6b1a96a4e816d95383fc738818b0', NULL, 1706288272000000, 'offer_shown', 'store', '{"a":{"offer_shown":{"offer_id":"offer-3","kind":"cross_sell"}},"location":"store-05"}'),
	(223401749981095, 2, 1, 'pos', 'c-1', '\x5eca1fc81a200dd58d7eab72e2aeb9d3', NULL, 1706288512000000, 'order', 'store', '{"a":{"order":{"order_id":"o-3ca40948c28d18f5","amount":{"minor":4490,"currency":"EUR"},"lines":[{"product_id":"p-289","category":"jackets","quantity_milli":1000,"unit_price":{"minor":4490,"currency":"EUR"}}],"fulfilment":"take_away"}},"visit_id":"v-f91056d1c9beca1e","location":"store-05","handling_seconds":134}'),
	(223401749981095, 3, 1, 'ads', 'c-2', '\x20643d0dd735dbf0d2510ed4b4ede6b2', 1, 1707901077000000, 'ad_click', 'advertising', '{"a":{"ad_click":{"ad_id":"ad-15","placement":"search"}},"campaign":"spring-24","cost":{"minor":45,"currency":"EUR"}}'),
	(223401749981095, 4, 1, 'shop', 'c-3', '\xf0a7a907426b2337a34410ad5bacff9b', 1, 1707901137000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":261,"pages":6,"source_channel":"newsletter"}},"visit_id":"v-c1788abc34db490f"}'),
	(223401749981095, 5, 1, 'shop', 'c-4', '\x5488b52177d9626a821ed0b5d711fca7', 1, 1707901197000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-184","category":"shoes","view_seconds":5}},"visit_id":"v-c1788abc34db490f"}'),
	(223401749981095, 6, 1, 'shop', 'c-5', '\x0ab21c2e9d08d22aa94cd3c279c7cc37', 1, 1708175023000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":330,"pages":6,"source_channel":"direct"}},"visit_id":"v-75d0d4c1ef29b95c"}'),
	(223401749981095, 7, 1, 'shop', 'c-6', '\x71eb63311be807a99cdb5979c8650b1b', 1, 1708175083000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-009","category":"jackets","view_seconds":67}},"visit_id":"v-75d0d4c1ef29b95c"}'),
	(223401749981095, 8, 1, 'shop', 'c-7', '\x364e52aec59d7f33336da75d39f822b4', 1, 1708175203000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-103","category":"home","view_seconds":82}},"visit_id":"v-75d0d4c1ef29b95c"}'),
	(223401749981095, 9, 1, 'pos', 'c-8', '\x86a93501454cf5c5b788b82a92d76f72', 2, 1708176103000000, 'product_trial', 'store', '{"a":{"product_trial":{"product_id":"p-164"}},"visit_id":"v-6beecdc65a826180","location":"store-06"}'),
	(223401749981095, 10, 1, 'pos', 'c-9', '\x4f262ca1d0aba3409dfdd505d926e261', 2, 1708176343000000, 'subscription', 'store', '{"a":{"subscription":{"programme":"loyalty"}},"location":"store-06","traits":[{"name":"name","value":{"s":"Willem Bauer"}},{"name":"city","value":{"s":"Hanover"}},{"name":"birth_year","value":{"i":1985}}]}'),
	(223401749981095, 11, 1, 'pos', 'c-10', '\xc877a3813a97a8ef4dc2e9c2df3a4f2d', 2, 1708176643000000, 'order', 'store', '{"a":{"order":{"order_id":"o-9b7257b9c1aa705e","amount":{"minor":23720,"currency":"EUR"},"lines":[{"product_id":"p-392","category":"shoes","quantity_milli":1000,"unit_price":{"minor":10240,"currency":"EUR"}},{"product_id":"p-358","category":"sports","quantity_milli":1000,"unit_price":{"minor":6490,"currency":"EUR"}},{"product_id":"p-133","category":"accessories","quantity_milli":1000,"unit_price":{"minor":6990,"currency":"EUR"}}],"fulfilment":"take_away"}},"visit_id":"v-6beecdc65a826180","location":"store-06","handling_seconds":162}'),
	(223401749981095, 12, 1, 'ads', 'c-11', '\x17957986fed3c0806365439ff5eae12a', 1, 1708941057000000, 'ad_click', 'advertising', '{"a":{"ad_click":{"ad_id":"ad-12","placement":"search"}},"campaign":"spring-24","cost":{"minor":45,"currency":"EUR"}}'),
	(223401749981095, 13, 1, 'shop', 'c-12', '\x650dcd0f20c365d6660733f8b26dbdeb', 1, 1708941117000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":283,"pages":2,"source_channel":"newsletter"}},"visit_id":"v-961f85ffddc05472"}'),
	(223401749981095, 14, 1, 'shop', 'c-13', '\x8b30a4524423556dc815c499186e9a63', 1, 1708941177000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-341","category":"accessories","view_seconds":138}},"visit_id":"v-961f85ffddc05472"}'),
	(223401749981095, 15, 1, 'shop', 'c-14', '\xf4592455d4a835bbf46430b4dd58b4ce', 3, 1710946651000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":32,"pages":5,"source_channel":"direct"}},"visit_id":"v-698199b12b389eef"}'),
	(223401749981095, 16, 1, 'shop', 'c-15', '\x4a73b0f382e50df2a2fbf3df67cf7d71', 3, 1710946711000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-129","category":"jackets","view_seconds":114}},"visit_id":"v-698199b12b389eef"}'),
	(223401749981095, 17, 1, 'shop', 'c-16', '\xb3fd2be62d7808939156efdc8d83e4a2', 3, 1710946831000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-173","category":"accessories","view_seconds":39}},"visit_id":"v-698199b12b389eef"}'),
	(223401749981095, 18, 1, 'shop', 'c-17', '\x50fed6711829e0a3e35a1a04cda2383a', 4, 1711643518000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":422,"pages":11,"source_channel":"social"}},"visit_id":"v-c7a24e669fb2314a"}'),
	(223401749981095, 19, 1, 'shop', 'c-18', '\x909e545dad0cadb048bed3146886f6cd', 4, 1711643578000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-279","category":"home","view_seconds":61}},"visit_id":"v-c7a24e669fb2314a"}'),
	(223401749981095, 20, 1, 'shop', 'c-19', '\x278a0c9fcd21bd5a22344cbe92ccb9b3', 5, 1711643878000000, 'registration', 'web', '{"a":{"registration":{"method":"form"}},"traits":[{"name":"name","value":{"s":"Emil Ebert"}},{"name":"city","value":{"s":"Leipzig"}},{"name":"birth_year","value":{"i":1986}}]}'),
	(223401749981095, 21, 1, 'shop', 'c-20', '\x0cc718ccdb8eb1f256600d22cac80485', 4, 1711644058000000, 'cart_updated', 'web', '{"a":{"cart_updated":{"cart_id":"k-60ab539eea465fb2","lines":[{"product_id":"p-201","category":"jackets","quantity_milli":1000,"unit_price":{"minor":1740,"currency":"EUR"}}],"value":{"minor":1740,"currency":"EUR"}}}}'),
	(223401749981095, 22, 1, 'shop', 'c-21', '\x11f8937f8121944349f2fbdddc7e690b', 6, 1711644238000000, 'order', 'web', '{"a":{"order":{"order_id":"o-67896020e032e29d","amount":{"minor":20574,"currency":"EUR"},"lines":[{"product_id":"p-066","category":"shirts","quantity_milli":1000,"unit_price":{"minor":7992,"currency":"EUR"},"list_price":{"minor":9990,"currency":"EUR"},"promotion":"sale"},{"product_id":"p-093","category":"accessories","quantity_milli":1000,"unit_price":{"minor":2592,"currency":"EUR"},"list_price":{"minor":3240,"currency":"EUR"},"promotion":"sale"},{"product_id":"p-307","category":"trousers","quantity_milli":1000,"unit_price":{"minor":9990,"currency":"EUR"}}],"fulfilment":"home_delivery"}}}'),
	(223401749981095, 23, 1, 'shop', 'c-22', '\x4f7359ed7fc1a0efab1af07036ba2ee1', 6, 1711989118000000, 'delivery', 'web', '{"a":{"delivery":{"order_id":"o-67896020e032e29d"}}}'),
	(223401749981095, 24, 1, 'ads', 'c-23', '\xba6de47f6ff9faec3e97b3fb4f8e8e0d', 3, 1712000539000000, 'ad_click', 'advertising', '{"a":{"ad_click":{"ad_id":"ad-8","placement":"search"}},"campaign":"summer-24","cost":{"minor":45,"currency":"EUR"}}'),
	(223401749981095, 25, 1, 'shop', 'c-24', '\xc1c10c12d062a29d0ce7188d042f0837', 3, 1712000599000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":894,"pages":3,"source_channel":"newsletter"}},"visit_id":"v-89dc5f1657378ebf"}'),
	(223401749981095, 26, 1, 'shop', 'c-25', '\x06806ba00c5ad93d67ac6ed55dab4f53', 3, 1712000659000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-284","category":"bags","view_seconds":144}},"visit_id":"v-89dc5f1657378ebf"}'),
	(223401749981095, 27, 1, 'shop', 'c-26', '\xfcea036b63b4a3590dc17a9683dc6f29', 3, 1712000779000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-323","category":"trousers","view_seconds":61}},"visit_id":"v-89dc5f1657378ebf"}'),
	(223401749981095, 28, 1, 'survey', 'c-27', '\x2583f4d7f163c48d2435cbc6fcb5f85a', 7, 1712075518000000, 'survey_answer', 'email', '{"a":{"survey_answer":{"score":10,"survey_id":"nps-after-purchase"}}}'),
	(223401749981095, 29, 1, 'shop', 'c-28', '\x5a642d7681df6dc16827941ac2db7c01', 3, 1712167489000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":452,"pages":7,"source_channel":"search"}},"visit_id":"v-c68b1cd6048197d7"}'),
	(223401749981095, 30, 1, 'shop', 'c-29', '\xcdc8569c76256edb3799d9fb6864b359', 3, 1712167549000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-033","category":"jackets","view_seconds":104}},"visit_id":"v-c68b1cd6048197d7"}'),
	(223401749981095, 31, 1, 'shop', 'c-30', '\x77e01ac32b55cc2e65081323e14183bd', 3, 1712167669000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-320","category":"shoes","view_seconds":150}},"visit_id":"v-c68b1cd6048197d7"}'),
	(223401749981095, 32, 1, 'shop', 'c-31', '\x1bdd255da2a6e2752fd73063f5594ab2', 4, 1712936784000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":561,"pages":11,"source_channel":"social"}},"visit_id":"v-6ea3e28fd8a17879"}'),
	(223401749981095, 33, 1, 'shop', 'c-32', '\x39a0cad0eff9cdcd670d57d4ffc4a9b0', 4, 1712936844000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-246","category":"sports","view_seconds":19}},"visit_id":"v-6ea3e28fd8a17879"}'),
	(223401749981095, 34, 1, 'mailer', 'c-33', '\x8fd8b1cc0922e680f85b69c75ef81d2b', 7, 1713291997000000, 'message', 'email', '{"a":{"message":{"message_id":"m-8a046bc2edd32b84","subject":"summer-24"}},"campaign":"summer-24"}'),
	(223401749981095, 35, 1, 'shop', 'c-34', '\x6e6653f317ad0b47906a2aad465f229f', 8, 1713452268000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":729,"pages":6,"source_channel":"newsletter"}},"visit_id":"v-a94e3f81a9b73919"}'),
	(223401749981095, 36, 1, 'shop', 'c-35', '\x19dd0e9408c122eaecea01e47b8d16a1', 9, 1713620292000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":196,"pages":1,"source_channel":"direct"}},"visit_id":"v-b6efcfe289555ccc"}'),
	(223401749981095, 37, 1, 'pos', 'c-36', '\x47713b8369756a483eef3ac168d91505', 10, 1714054462000000, 'subscription', 'store', '{"a":{"subscription":{"programme":"loyalty"}},"location":"store-05","traits":[{"name":"name","value":{"s":"Carla Engel"}},{"name":"city","value":{"s":"Hanover"}},{"name":"birth_year","value":{"i":1966}}]}'),
	(223401749981095, 38, 1, 'pos', 'c-37', '\x6b7aa0aff56042b287d0ce599f4a5f20', 10, 1714054762000000, 'order', 'store', '{"a":{"order":{"order_id":"o-3b5c145dbd47a802","amount":{"minor":28700,"currency":"EUR"},"lines":[{"product_id":"p-101","category":"accessories","quantity_milli":1000,"unit_price":{"minor":8490,"currency":"EUR"}},{"product_id":"p-251","category":"trousers","quantity_milli":1000,"unit_price":{"minor":5740,"currency":"EUR"}},{"product_id":"p-310","category":"sports","quantity_milli":1000,"unit_price":{"minor":7490,"currency":"EUR"}},{"product_id":"p-023","category":"home","quantity_milli":2000,"unit_price":{"minor":3490,"currency":"EUR"}}],"fulfilment":"take_away"}},"visit_id":"v-3243126954a3700f","location":"store-05","handling_seconds":61}'),
	(223401749981095, 39, 1, 'ads', 'c-38', '\x197b516115385850506118a8c050830b', 11, 1714057506000000, 'ad_click', 'advertising', '{"a":{"ad_click":{"ad_id":"ad-4","placement":"search"}},"campaign":"summer-24","cost":{"minor":45,"currency":"EUR"}}'),
	(223401749981095, 40, 1, 'shop', 'c-39', '\x0444a9f49eb947d079eca4ad053751ff', 11, 1714057566000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":80,"pages":7,"source_channel":"newsletter"}},"visit_id":"v-ff61e54095d17ad8"}'),
	(223401749981095, 41, 1, 'shop', 'c-40', '\xabc29e4625ffe28eeda199b980e36cc5', 11, 1714057626000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-170","category":"shirts","view_seconds":137}},"visit_id":"v-ff61e54095d17ad8"}'),
	(223401749981095, 42, 1, 'shop', 'c-41', '\x72120ffd0c36d34337701855ffe8afa8', 12, 1714078014000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":236,"pages":6,"source_channel":"social"}},"visit_id":"v-42859157a725df20"}'),
	(223401749981095, 43, 1, 'shop', 'c-42', '\xc763f5120605a2286e7e6d169cb98c49', 12, 1714078074000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-025","category":"jackets","view_seconds":45}},"visit_id":"v-42859157a725df20"}'),
	(223401749981095, 44, 1, 'shop', 'c-43', '\xba5794bb520921764fae6d7c96b5a538', 12, 1714078194000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-363","category":"trousers","view_seconds":151}},"visit_id":"v-42859157a725df20"}'),
	(223401749981095, 45, 1, 'shop', 'c-44', '\x819a3ba8ce04b7c2f34f7c886f19e19a', 11, 1714488020000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":100,"pages":11,"source_channel":"newsletter"}},"visit_id":"v-cc60840baa2b671b"}'),
	(223401749981095, 46, 1, 'shop', 'c-45', '\xffec04dfd8192d530a6ea49776fcfce7', 11, 1714488080000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-072","category":"shoes","view_seconds":132}},"visit_id":"v-cc60840baa2b671b"}'),
	(223401749981095, 47, 1, 'shop', 'c-46', '\xb7301164b4476093b4a5a50e2b125137', 11, 1714488200000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-336","category":"shoes","view_seconds":18}},"visit_id":"v-cc60840baa2b671b"}'),
	(223401749981095, 48, 1, 'shop', 'c-47', '\xd8318f48fffe8035f2556721c740d96a', 13, 1714924037000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":389,"pages":3,"source_channel":"newsletter"}},"visit_id":"v-34a267d8fedbe29b"}'),
	(223401749981095, 49, 1, 'shop', 'c-48', '\x166ed060f736308839feed18043100ef', 13, 1714924097000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-067","category":"trousers","view_seconds":96}},"visit_id":"v-34a267d8fedbe29b"}'),
	(223401749981095, 50, 1, 'ads', 'c-49', '\x8005b2e083eddf56f1037a9bc959268f', 9, 1715273467000000, 'ad_click', 'advertising', '{"a":{"ad_click":{"ad_id":"ad-14","placement":"search"}},"campaign":"summer-24","cost":{"minor":45,"currency":"EUR"}}'),
	(223401749981095, 51, 1, 'shop', 'c-50', '\x5e36a1da7885f9b52b4e50ba713482b6', 9, 1715273527000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":410,"pages":3,"source_channel":"social"}},"visit_id":"v-8720ade078350e14"}'),
	(223401749981095, 52, 1, 'shop', 'c-51', '\xd68a6622f9ad3f16db369e911ab603e7', 9, 1715273587000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-380","category":"bags","view_seconds":163}},"visit_id":"v-8720ade078350e14"}'),
	(223401749981095, 53, 1, 'shop', 'c-52', '\x0ae82c5c9547355af9c995df4e119dd8', 9, 1715273707000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-029","category":"accessories","view_seconds":111}},"visit_id":"v-8720ade078350e14"}'),
	(223401749981095, 54, 1, 'pos', 'c-53', '\x9148f10899e627f4fdcd1ed0cc30f7fb', 10, 1715624482000000, 'order', 'store', '{"a":{"order":{"order_id":"o-fe5564a919482a90","amount":{"minor":11472,"currency":"EUR"},"lines":[{"product_id":"p-071","category":"home","quantity_milli":1000,"unit_price":{"minor":1992,"currency":"EUR"},"list_price":{"minor":2490,"currency":"EUR"},"promotion":"sale"},{"product_id":"p-217","category":"jackets","quantity_milli":2000,"unit_price":{"minor":4740,"currency":"EUR"}}],"fulfilment":"take_away"}},"visit_id":"v-0555566f40913e52","location":"store-05","handling_seconds":82}'),
	(223401749981095, 55, 1, 'pos', 'c-54', '\x85f9ee34bc2434d520841b83563395fa', NULL, 1715866058000000, 'order', 'store', '{"a":{"order":{"order_id":"o-7f7df61d2f6dc095","amount":{"minor":1490,"currency":"EUR"},"lines":[{"product_id":"p-354","category":"shirts","quantity_milli":1000,"unit_price":{"minor":1490,"currency":"EUR"}}],"fulfilment":"take_away"}},"visit_id":"v-ed4746d6dc1d89e7","location":"store-08","handling_seconds":69}'),
	(223401749981095, 56, 1, 'shop', 'c-55', '\xc2de803db4a8dc8ca7a6eb8c28955741', 14, 1717340292000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":208,"pages":9,"source_channel":"direct"}},"visit_id":"v-3b48f62039d5147b"}'),
	(223401749981095, 57, 1, 'shop', 'c-56', '\x7d949c99e3d3f277129241e0dfdfc10c', 14, 1717340352000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-362","category":"shirts","view_seconds":41}},"visit_id":"v-3b48f62039d5147b"}'),
	(223401749981095, 58, 1, 'shop', 'c-57', '\xbbe8551f3163553442642b5db038ea70', 14, 1717340472000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-104","category":"shoes","view_seconds":173}},"visit_id":"v-3b48f62039d5147b"}'),
	(223401749981095, 59, 1, 'shop', 'c-58', '\x592556a451a1f22f61001a96e697ca9c', 4, 1717670822000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":203,"pages":7,"source_channel":"search"}},"visit_id":"v-df2120f6a592ce75"}'),
	(223401749981095, 60, 1, 'shop', 'c-59', '\xf7b44cbb117f407864aaa4db1195e89e', 4, 1717670882000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-235","category":"trousers","view_seconds":112}},"visit_id":"v-df2120f6a592ce75"}'),
	(223401749981095, 61, 1, 'pos', 'c-60', '\xc31971cc17b92a264c7cef79b7a87620', 15, 1717765099000000, 'subscription', 'store', '{"a":{"subscription":{"programme":"loyalty"}},"location":"store-08","traits":[{"name":"name","value":{"s":"Emil Ebert"}},{"name":"city","value":{"s":"Leipzig"}},{"name":"birth_year","value":{"i":1986}}]}'),
	(223401749981095, 62, 1, 'pos', 'c-61', '\x23a3ecc50ace1949ec2820573d739bb1', NULL, 1717765399000000, 'order', 'store', '{"a":{"order":{"order_id":"o-9f43646b83ec45d5","amount":{"minor":15730,"currency":"EUR"},"lines":[{"product_id":"p-342","category":"sports","quantity_milli":1000,"unit_price":{"minor":5990,"currency":"EUR"}},{"product_id":"p-296","category":"shoes","quantity_milli":1000,"unit_price":{"minor":9740,"currency":"EUR"}}],"fulfilment":"take_away"}},"visit_id":"v-7482ba38821a5142","location":"store-08","handling_seconds":69}'),
	(223401749981095, 63, 1, 'pos', 'c-62', '\xac739ad5517151a8e6cdfceba654e3d7', NULL, 1718197399000000, 'return', 'store', '{"a":{"return":{"return_id":"r-126c36fc3af33f57","order_id":"o-9f43646b83ec45d5","amount":{"minor":5990,"currency":"EUR"},"lines":[{"product_id":"p-342","category":"sports","quantity_milli":1000,"unit_price":{"minor":5990,"currency":"EUR"}}],"reason":"did not fit"}},"location":"store-08","handling_seconds":216}'),
	(223401749981095, 64, 1, 'shop', 'c-63', '\x252afebb47bed3ba3e7744cdc1f81189', 14, 1718537329000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":30,"pages":9,"source_channel":"search"}},"visit_id":"v-fef0df35b1dd8688"}'),
	(223401749981095, 65, 1, 'shop', 'c-64', '\x16e2b95f7594f50ba896b1149e72052f', 14, 1718907038000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":183,"pages":5,"source_channel":"direct"}},"visit_id":"v-a6941d714f2026a4"}'),
	(223401749981095, 66, 1, 'shop', 'c-65', '\x997497fbfa5741fddd7d78e3b24c2216', 14, 1718907098000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-331","category":"trousers","view_seconds":13}},"visit_id":"v-a6941d714f2026a4"}'),
	(223401749981095, 67, 1, 'shop', 'c-66', '\x82e23e5dd489f6c7216f56cc19499c9c', 14, 1718907218000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-130","category":"shirts","view_seconds":50}},"visit_id":"v-a6941d714f2026a4"}'),
	(223401749981095, 68, 1, 'shop', 'c-67', '\xd42f1e30c9f3875c665ae5590bf1f511', 14, 1718907578000000, 'cart_updated', 'web', '{"a":{"cart_updated":{"cart_id":"k-a45ad85d124ea9b5","lines":[{"product_id":"p-119","category":"home","quantity_milli":1000,"unit_price":{"minor":1490,"currency":"EUR"}},{"product_id":"p-187","category":"trousers","quantity_milli":1000,"unit_price":{"minor":3740,"currency":"EUR"}},{"product_id":"p-321","category":"jackets","quantity_milli":1000,"unit_price":{"minor":5490,"currency":"EUR"}}],"value":{"minor":10720,"currency":"EUR"}}}}'),
	(223401749981095, 69, 1, 'pos', 'c-68', '\x9115aecd5d0f4157c94f2c5e8ff2a075', 10, 1719051020000000, 'product_trial', 'store', '{"a":{"product_trial":{"product_id":"p-186"}},"visit_id":"v-aee9886a8dfb7a1c","location":"store-05"}'),
	(223401749981095, 70, 1, 'pos', 'c-69', '\xdf24ff345e3b8aee785025e4f824b76d', 10, 1719051560000000, 'order', 'store', '{"a":{"order":{"order_id":"o-21d6db517cb92611","amount":{"minor":20712,"currency":"EUR"},"lines":[{"product_id":"p-186","category":"shirts","quantity_milli":1000,"unit_price":{"minor":6240,"currency":"EUR"}},{"product_id":"p-003","category":"trousers","quantity_milli":1000,"unit_price":{"minor":490,"currency":"EUR"}},{"product_id":"p-261","category":"accessories","quantity_milli":1000,"unit_price":{"minor":5990,"currency":"EUR"}},{"product_id":"p-384","category":"shoes","quantity_milli":1000,"unit_price":{"minor":7992,"currency":"EUR"},"list_price":{"minor":9990,"currency":"EUR"},"promotion":"sale"}],"fulfilment":"take_away"}},"visit_id":"v-aee9886a8dfb7a1c","location":"store-05","handling_seconds":152}'),
	(223401749981095, 71, 1, 'ads', 'c-70', '\xfd6630abd0630b7e19700fa0273b32b2', 16, 1721830415000000, 'ad_click', 'advertising', '{"a":{"ad_click":{"ad_id":"ad-18","placement":"search"}},"campaign":"autumn-24","cost":{"minor":45,"currency":"EUR"}}'),
	(223401749981095, 72, 1, 'shop', 'c-71', '\xc8e6dd259452e882c68eb418f6341c61', 16, 1721830475000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":659,"pages":9,"source_channel":"social"}},"visit_id":"v-8e46117bcfec8db1"}'),
	(223401749981095, 73, 1, 'shop', 'c-72', '\xac6ce5e43febe5cea816af566fddbea4', 16, 1722250016000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":622,"pages":12,"source_channel":"newsletter"}},"visit_id":"v-e0b934f068be1117"}'),
	(223401749981095, 74, 1, 'ads', 'c-73', '\x1b24a930e676b0c21e41bef12cfd250a', 16, 1722426747000000, 'ad_click', 'advertising', '{"a":{"ad_click":{"ad_id":"ad-0","placement":"search"}},"campaign":"autumn-24","cost":{"minor":45,"currency":"EUR"}}'),
	(223401749981095, 75, 1, 'shop', 'c-74', '\x2b99ce5972dfc4a26c00541ca22e34ea', 16, 1722426807000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":421,"pages":8,"source_channel":"direct"}},"visit_id":"v-374d97618467cd2c"}'),
	(223401749981095, 76, 1, 'mailer', 'c-75', '\x664a9324881aba56667c799acc2a1dd2', 7, 1722702620000000, 'message', 'email', '{"a":{"message":{"message_id":"m-3539da23bd56aa09","subject":"autumn-24"}},"campaign":"autumn-24"}'),
	(223401749981095, 77, 1, 'mailer', 'c-76', '\x538e0df1804963c3c573aad099b4f11a', 7, 1722704420000000, 'message', 'email', '{"a":{"message":{"message_id":"m-3539da23bd56aa09","status":"opened","subject":"autumn-24"}},"campaign":"autumn-24"}'),
	(223401749981095, 78, 1, 'shop', 'c-77', '\xf525ffd300c901ee2aae6fb2b2a2f10a', 17, 1722778673000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":719,"pages":7,"source_channel":"direct"}},"visit_id":"v-567efbb35b3c1aae"}'),
	(223401749981095, 79, 1, 'shop', 'c-78', '\xb8ba2d96e1175e4ce6b5094f3a185d04', 17, 1722778733000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-039","category":"home","view_seconds":166}},"visit_id":"v-567efbb35b3c1aae"}'),
	(223401749981095, 80, 1, 'shop', 'c-79', '\xe39e8e8ee0ec50a586e0919960b6587d', 18, 1723923148000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":399,"pages":7,"source_channel":"social"}},"visit_id":"v-969653a4cbd87fb6"}'),
	(223401749981095, 81, 1, 'shop', 'c-80', '\x12db28cce94c56d1f8a0a3738fc5c570', 18, 1723923208000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-302","category":"sports","view_seconds":98}},"visit_id":"v-969653a4cbd87fb6"}'),
	(223401749981095, 82, 1, 'pos', 'c-81', '\x6f7abb872d93fc300b577e9992096fac', 19, 1724171839000000, 'subscription', 'store', '{"a":{"subscription":{"programme":"loyalty"}},"location":"store-08","traits":[{"name":"name","value":{"s":"Leo Imhof"}},{"name":"city","value":{"s":"Munich"}},{"name":"birth_year","value":{"i":2000}}]}'),
	(223401749981095, 83, 1, 'pos', 'c-82', '\xb94cd5f5f8698c9cf6f829e9306da947', 19, 1724172139000000, 'order', 'store', '{"a":{"order":{"order_id":"o-e79b58694be11594","amount":{"minor":4490,"currency":"EUR"},"lines":[{"product_id":"p-370","category":"shirts","quantity_milli":1000,"unit_price":{"minor":4490,"currency":"EUR"}}],"fulfilment":"take_away"}},"visit_id":"v-a0544e6c68fe30bb","location":"store-08","handling_seconds":95}'),
	(223401749981095, 84, 1, 'pos', 'c-83', '\xd4e956aab42e99cbdf39cca5abe9e93e', 10, 1724184022000000, 'product_trial', 'store', '{"a":{"product_trial":{"product_id":"p-084"}},"visit_id":"v-83a1c1219086f395","location":"store-05"}'),
	(223401749981095, 85, 1, 'pos', 'c-84', '\x0fc088001ed6ec9b3029f8cfb75a960f', 10, 1724184382000000, 'conversation', 'store', '{"a":{"conversation":{"topic":"accessories","clerk":"clerk-21"}},"location":"store-05","handling_seconds":386}'),
	(223401749981095, 116, 1, 'shop', 'c-115', '\xf0cd7cc7e197b56af7624cfda1dec613', 22, 1728396482000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-252","category":"bags","view_seconds":101}},"visit_id":"v-5a5a5d96ec76dfae"}'),
	(223401749981095, 86, 1, 'pos', 'c-85', '\x675890f5fbc05eabc8e4e797019cf849', 10, 1724184562000000, 'order', 'store', '{"a":{"order":{"order_id":"o-bcc98a8f561772f5","amount":{"minor":15582,"currency":"EUR"},"lines":[{"product_id":"p-084","category":"bags","quantity_milli":1000,"unit_price":{"minor":7990,"currency":"EUR"}},{"product_id":"p-211","category":"trousers","quantity_milli":1000,"unit_price":{"minor":7592,"currency":"EUR"},"list_price":{"minor":9490,"currency":"EUR"},"promotion":"sale"}],"fulfilment":"take_away"}},"visit_id":"v-83a1c1219086f395","location":"store-05","handling_seconds":151}'),
	(223401749981095, 87, 1, 'pos', 'c-86', '\xd50eb06f89a89db4b1667102885e5ba4', 10, 1724423605000000, 'order', 'store', '{"a":{"order":{"order_id":"o-e14b1ac5643dc38d","amount":{"minor":3740,"currency":"EUR"},"lines":[{"product_id":"p-024","category":"shoes","quantity_milli":1000,"unit_price":{"minor":3740,"currency":"EUR"}}],"fulfilment":"take_away"}},"visit_id":"v-3430e929ed251fd5","location":"store-05","handling_seconds":104}'),
	(223401749981095, 88, 1, 'shop', 'c-87', '\x739c6acb6e5d76ffda787a3a78be9132', 20, 1724595882000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":901,"pages":4,"source_channel":"newsletter"}},"visit_id":"v-d2d38d994801a6a5"}'),
	(223401749981095, 89, 1, 'shop', 'c-88', '\x202f75a358e69f91d3d140cb143d048f', 17, 1724610559000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":662,"pages":2,"source_channel":"direct"}},"visit_id":"v-36da8ddc8790c910"}'),
	(223401749981095, 90, 1, 'shop', 'c-89', '\xb918ae0169cd448d64b3dc7966aa7e74', 21, 1724610919000000, 'login', 'web', '{"a":{"login":{"method":"password"}}}'),
	(223401749981095, 91, 1, 'shop', 'c-90', '\xeef716dec4c5da3ea89cb76fcdb9fcfd', 6, 1724611039000000, 'offer_shown', 'web', '{"a":{"offer_shown":{"offer_id":"offer-3","kind":"cross_sell"}}}'),
	(223401749981095, 92, 1, 'shop', 'c-91', '\x84e14a833ac50593c12722dc3d5f5dae', 17, 1724611099000000, 'cart_updated', 'web', '{"a":{"cart_updated":{"cart_id":"k-646c0b8f2c2284e2","lines":[{"product_id":"p-325","category":"accessories","quantity_milli":1000,"unit_price":{"minor":4392,"currency":"EUR"},"list_price":{"minor":5490,"currency":"EUR"},"promotion":"sale"}],"value":{"minor":4392,"currency":"EUR"}}}}'),
	(223401749981095, 93, 1, 'shop', 'c-92', '\x25e4c3249bbb0aa8d38a242f16f69e88', 6, 1724611279000000, 'order', 'web', '{"a":{"order":{"order_id":"o-a515d79b1ae07bca","amount":{"minor":14980,"currency":"EUR"},"lines":[{"product_id":"p-260","category":"bags","quantity_milli":1000,"unit_price":{"minor":8490,"currency":"EUR"}},{"product_id":"p-199","category":"home","quantity_milli":1000,"unit_price":{"minor":6490,"currency":"EUR"}}],"fulfilment":"home_delivery","offer_id":"offer-3"}}}'),
	(223401749981095, 94, 1, 'shop', 'c-93', '\x48539f3230922fe9fe34bd56528c4811', 6, 1725128959000000, 'delivery', 'web', '{"a":{"delivery":{"order_id":"o-a515d79b1ae07bca"}}}'),
	(223401749981095, 95, 1, 'survey', 'c-94', '\x95c6e652cf38d27a2d7ba53cc038c94a', 7, 1725215359000000, 'survey_answer', 'email', '{"a":{"survey_answer":{"score":10,"survey_id":"nps-after-purchase"}}}'),
	(223401749981095, 96, 1, 'ads', 'c-95', '\xac6b75d32c881fa7df68d77cb6258c07', 22, 1725612249000000, 'ad_click', 'advertising', '{"a":{"ad_click":{"ad_id":"ad-0","placement":"search"}},"campaign":"autumn-24","cost":{"minor":45,"currency":"EUR"}}'),
	(223401749981095, 97, 1, 'shop', 'c-96', '\x36bc0ebc6ffb6337142dc21378071ce9', 22, 1725612309000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":435,"pages":9,"source_channel":"social"}},"visit_id":"v-5f954d6982bfae18"}'),
	(223401749981095, 98, 1, 'shop', 'c-97', '\x870dae0bf5275b52337ef0ea02dd96aa', 22, 1725612369000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-196","category":"bags","view_seconds":39}},"visit_id":"v-5f954d6982bfae18"}'),
	(223401749981095, 99, 1, 'shop', 'c-98', '\x0131ec9d600e545fe7b5b6c8785a6bc7', 22, 1725612489000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-100","category":"bags","view_seconds":8}},"visit_id":"v-5f954d6982bfae18"}'),
	(223401749981095, 100, 1, 'shop', 'c-99', '\xe7fb1ca7a99a11395fba239a6fe52698', 23, 1725628597000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":390,"pages":7,"source_channel":"newsletter"}},"visit_id":"v-1facf6368986ad10"}'),
	(223401749981095, 101, 1, 'shop', 'c-100', '\xd81d2eb01af9057cd825f2b0cdd81fc6', 23, 1725628657000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-386","category":"shirts","view_seconds":158}},"visit_id":"v-1facf6368986ad10"}'),
	(223401749981095, 102, 1, 'shop', 'c-101', '\x5c6664174295977f5e50fe8d6c74112f', 23, 1725628777000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-204","category":"bags","view_seconds":99}},"visit_id":"v-1facf6368986ad10"}'),
	(223401749981095, 103, 1, 'shop', 'c-102', '\xea42614f32b737e7412e340a102b7157', 22, 1726484094000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":699,"pages":5,"source_channel":"newsletter"}},"visit_id":"v-333886c3e394c173"}'),
	(223401749981095, 104, 1, 'shop', 'c-103', '\xec1874053adc3727ddd9aebba7922673', 22, 1726484154000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-326","category":"sports","view_seconds":148}},"visit_id":"v-333886c3e394c173"}'),
	(223401749981095, 105, 1, 'shop', 'c-104', '\x650fe962dd48e4f77c7f54fd646eb2f9', 17, 1726579029000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":438,"pages":5,"source_channel":"newsletter"}},"visit_id":"v-58ec8740ddab22ac"}'),
	(223401749981095, 106, 1, 'shop', 'c-105', '\xb820179ae4979da8a22c39c15ba31ef2', 17, 1726579089000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-293","category":"accessories","view_seconds":79}},"visit_id":"v-58ec8740ddab22ac"}'),
	(223401749981095, 107, 1, 'shop', 'c-106', '\xde49fb1da5f639995db588f2f54fcdf8', 17, 1726579569000000, 'cart_updated', 'web', '{"a":{"cart_updated":{"cart_id":"k-42bb1343c8bdaad6","lines":[{"product_id":"p-083","category":"trousers","quantity_milli":2000,"unit_price":{"minor":2392,"currency":"EUR"},"list_price":{"minor":2990,"currency":"EUR"},"promotion":"sale"}],"value":{"minor":4784,"currency":"EUR"}}}}'),
	(223401749981095, 108, 1, 'ads', 'c-107', '\xc7842f92d1ee3c0973788e4ee5a77ecd', 22, 1727273169000000, 'ad_click', 'advertising', '{"a":{"ad_click":{"ad_id":"ad-17","placement":"search"}},"campaign":"autumn-24","cost":{"minor":45,"currency":"EUR"}}'),
	(223401749981095, 109, 1, 'shop', 'c-108', '\x00bc1ec5a360fd604914fface6088ace', 22, 1727273229000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":66,"pages":11,"source_channel":"social"}},"visit_id":"v-27ad1be8ebae349f"}'),
	(223401749981095, 110, 1, 'shop', 'c-109', '\x859e346a4cb2e25a56b67505d79a0888', 22, 1727273769000000, 'cart_updated', 'web', '{"a":{"cart_updated":{"cart_id":"k-e22828864c42825b","lines":[{"product_id":"p-131","category":"trousers","quantity_milli":1000,"unit_price":{"minor":1990,"currency":"EUR"}},{"product_id":"p-105","category":"jackets","quantity_milli":1000,"unit_price":{"minor":6240,"currency":"EUR"}}],"value":{"minor":8230,"currency":"EUR"}}}}'),
	(223401749981095, 111, 1, 'ads', 'c-110', '\xd2fc02b805be0fb45501ad7830a7774c', 22, 1727901521000000, 'ad_click', 'advertising', '{"a":{"ad_click":{"ad_id":"ad-18","placement":"search"}},"campaign":"winter-24","cost":{"minor":45,"currency":"EUR"}}'),
	(223401749981095, 112, 1, 'shop', 'c-111', '\xaaba80911e45f1f8a22c7f1e11849825', 22, 1727901581000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":816,"pages":11,"source_channel":"social"}},"visit_id":"v-7fbf9efaf9156946"}'),
	(223401749981095, 113, 1, 'ads', 'c-112', '\x06ab48a5ad90f2a8019b9b02a01869aa', 22, 1728051297000000, 'ad_click', 'advertising', '{"a":{"ad_click":{"ad_id":"ad-0","placement":"search"}},"campaign":"winter-24","cost":{"minor":45,"currency":"EUR"}}'),
	(223401749981095, 114, 1, 'shop', 'c-113', '\x83c1e458533b1d42728c50df2dccf51b', 22, 1728051357000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":198,"pages":8,"source_channel":"social"}},"visit_id":"v-97da4b15e3687c6c"}'),
	(223401749981095, 115, 1, 'shop', 'c-114', '\x15c12545656a7a95499ab8b84cbad5fe', 22, 1728396422000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":492,"pages":3,"source_channel":"search"}},"visit_id":"v-5a5a5d96ec76dfae"}'),
	(223401749981095, 117, 1, 'shop', 'c-116', '\x24bef6be60b2ce91e809d05934ba31c8', 22, 1728902481000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":822,"pages":6,"source_channel":"social"}},"visit_id":"v-a4ed2ecd8517402d"}'),
	(223401749981095, 118, 1, 'shop', 'c-117', '\xa0e03d3e3fc29fcb701d2e03df712626', 22, 1728902541000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-225","category":"jackets","view_seconds":98}},"visit_id":"v-a4ed2ecd8517402d"}'),
	(223401749981095, 119, 1, 'shop', 'c-118', '\x63ab332bf04e536c09a5bb594ddc761d', 24, 1729003713000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":389,"pages":4,"source_channel":"search"}},"visit_id":"v-ae06d361d3b75fdb"}'),
	(223401749981095, 120, 1, 'shop', 'c-119', '\x51899e539e91f898a1bf08b6a9853de4', 24, 1729003773000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-165","category":"accessories","view_seconds":159}},"visit_id":"v-ae06d361d3b75fdb"}'),
	(223401749981095, 121, 1, 'pos', 'c-120', '\x046127f5cb43a0a4ed820ec382a5b11c', 10, 1729014048000000, 'product_trial', 'store', '{"a":{"product_trial":{"product_id":"p-271"}},"visit_id":"v-3f7d1e565618d541","location":"store-05"}'),
	(223401749981095, 122, 1, 'pos', 'c-121', '\x7174ca263283cd4de930ce80ac479b8d', 10, 1729014348000000, 'offer_shown', 'store', '{"a":{"offer_shown":{"offer_id":"offer-3","kind":"cross_sell"}},"location":"store-05"}'),
	(223401749981095, 123, 1, 'pos', 'c-122', '\xbe3f6946cb6a7f44e7f2698c0e6c2dea', 10, 1729014588000000, 'order', 'store', '{"a":{"order":{"order_id":"o-bb3db73ad95edb67","amount":{"minor":25970,"currency":"EUR"},"lines":[{"product_id":"p-271","category":"home","quantity_milli":1000,"unit_price":{"minor":8740,"currency":"EUR"}},{"product_id":"p-352","category":"shoes","quantity_milli":1000,"unit_price":{"minor":8990,"currency":"EUR"}},{"product_id":"p-249","category":"jackets","quantity_milli":1000,"unit_price":{"minor":8240,"currency":"EUR"}}],"fulfilment":"take_away","offer_id":"offer-3"}},"visit_id":"v-3f7d1e565618d541","location":"store-05","handling_seconds":145}'),
	(223401749981095, 124, 1, 'ads', 'c-123', '\xde887dea40e43f2719932eb7f2c0ae3d', 25, 1729101222000000, 'ad_click', 'advertising', '{"a":{"ad_click":{"ad_id":"ad-3","placement":"search"}},"campaign":"winter-24","cost":{"minor":45,"currency":"EUR"}}'),
	(223401749981095, 125, 1, 'shop', 'c-124', '\x475ac4c269ce8ac2dddf12bf1ef00291', 25, 1729101282000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":847,"pages":9,"source_channel":"social"}},"visit_id":"v-366dc783c225a241"}'),
	(223401749981095, 126, 1, 'shop', 'c-125', '\x84a8535510fc80ad5854043a4242fd34', 25, 1729101342000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-219","category":"trousers","view_seconds":121}},"visit_id":"v-366dc783c225a241"}'),
	(223401749981095, 127, 1, 'ads', 'c-126', '\x4d953ef264afc59787a683eaf7742cad', 22, 1729258015000000, 'ad_click', 'advertising', '{"a":{"ad_click":{"ad_id":"ad-0","placement":"search"}},"campaign":"winter-24","cost":{"minor":45,"currency":"EUR"}}'),
	(223401749981095, 128, 1, 'shop', 'c-127', '\x036136299255648c8be1a0d2caa494c7', 22, 1729258075000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":866,"pages":2,"source_channel":"direct"}},"visit_id":"v-161a9b440208ac9b"}'),
	(223401749981095, 129, 1, 'ads', 'c-128', '\x40ed7573a92731c0788b0af19cbe7f7f', 22, 1730114173000000, 'ad_click', 'advertising', '{"a":{"ad_click":{"ad_id":"ad-17","placement":"search"}},"campaign":"winter-24","cost":{"minor":45,"currency":"EUR"}}'),
	(223401749981095, 130, 1, 'shop', 'c-129', '\x2fb0d6f0cbfcac1fefa1fa2e6671ceaa', 22, 1730114233000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":832,"pages":9,"source_channel":"social"}},"visit_id":"v-adc7658c7a9a2f2c"}'),
	(223401749981095, 131, 1, 'shop', 'c-130', '\x4858fa4e46923880f32e1b8bad61583d', 22, 1730114293000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-147","category":"trousers","view_seconds":127}},"visit_id":"v-adc7658c7a9a2f2c"}'),
	(223401749981095, 132, 1, 'shop', 'c-131', '\x777a03b9332659fc731176d7b663b859', 22, 1730654291000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":344,"pages":11,"source_channel":"social"}},"visit_id":"v-1949feb55bbe4ce4"}'),
	(223401749981095, 133, 1, 'shop', 'c-132', '\xfc298c4ba6cbc3e750c04701b3ae9b9e', 22, 1730654351000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-213","category":"accessories","view_seconds":53}},"visit_id":"v-1949feb55bbe4ce4"}'),
	(223401749981095, 134, 1, 'shop', 'c-133', '\xaaf68ae3e05393d06e943e1283b287b5', 22, 1730654471000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-076","category":"bags","view_seconds":17}},"visit_id":"v-1949feb55bbe4ce4"}'),
	(223401749981095, 135, 1, 'pos', 'c-134', '\xc36e0e7b2aef75b7fd90c99607c009d2', 19, 1731242357000000, 'conversation', 'store', '{"a":{"conversation":{"topic":"bags","clerk":"clerk-1"}},"location":"store-08","handling_seconds":536}'),
	(223401749981095, 136, 1, 'pos', 'c-135', '\x6f1d280a23bb11017b75ac47df2be144', 19, 1731242537000000, 'order', 'store', '{"a":{"order":{"order_id":"o-4c7214954c74da28","amount":{"minor":2740,"currency":"EUR"},"lines":[{"product_id":"p-078","category":"sports","quantity_milli":1000,"unit_price":{"minor":2740,"currency":"EUR"}}],"fulfilment":"take_away"}},"visit_id":"v-795bd42421a69cdc","location":"store-08","handling_seconds":66}'),
	(223401749981095, 137, 1, 'pos', 'c-136', '\xb33ba08bcdda4a07111d746d9a0e4888', 26, 1731256650000000, 'order', 'store', '{"a":{"order":{"order_id":"o-d6316e6f93215e20","amount":{"minor":28562,"currency":"EUR"},"lines":[{"product_id":"p-261","category":"accessories","quantity_milli":1000,"unit_price":{"minor":8490,"currency":"EUR"}},{"product_id":"p-035","category":"trousers","quantity_milli":1000,"unit_price":{"minor":6490,"currency":"EUR"}},{"product_id":"p-368","category":"shoes","quantity_milli":1000,"unit_price":{"minor":6990,"currency":"EUR"}},{"product_id":"p-175","category":"home","quantity_milli":1000,"unit_price":{"minor":6592,"currency":"EUR"},"list_price":{"minor":8240,"currency":"EUR"},"promotion":"sale"}],"fulfilment":"take_away"}},"visit_id":"v-87479c6413a62c85","location":"store-08","handling_seconds":127}'),
	(223401749981095, 138, 1, 'social', 'c-137', '\x12389cf924df3ff9d49353fd1c91fdf1', 27, 1731681953000000, 'social_engagement', 'social', '{"a":{"social_engagement":{"network":"photos","post_id":"p-104"}}}'),
	(223401749981095, 139, 1, 'pos', 'c-138', '\x4f3df8b22d4e9ae3dfd86a59537053b5', 19, 1732294763000000, 'order', 'store', '{"a":{"order":{"order_id":"o-37b54213f6bb8250","amount":{"minor":3990,"currency":"EUR"},"lines":[{"product_id":"p-272","category":"shoes","quantity_milli":1000,"unit_price":{"minor":3990,"currency":"EUR"}}],"fulfilment":"take_away"}},"visit_id":"v-d0158d1e87b18205","location":"store-08","handling_seconds":150}'),
	(223401749981095, 140, 1, 'shop', 'c-139', '\x290e2b4bfd2456237bdb537f7223c3e1', 17, 1732478127000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":120,"pages":5,"source_channel":"social"}},"visit_id":"v-d14139116027faa6"}'),
	(223401749981095, 141, 1, 'shop', 'c-140', '\x8e54a6133295c3a0f2710f9840d7a195', 17, 1732478187000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-369","category":"jackets","view_seconds":25}},"visit_id":"v-d14139116027faa6"}'),
	(223401749981095, 142, 1, 'shop', 'c-141', '\xccf5dd5c8227e107b61d39c9d1bdd015', 21, 1732478487000000, 'login', 'web', '{"a":{"login":{"method":"password"}}}'),
	(223401749981095, 143, 1, 'shop', 'c-142', '\x7eb5a8923139aeaabd294e169b0d0ecf', 17, 1732478667000000, 'cart_updated', 'web', '{"a":{"cart_updated":{"cart_id":"k-d5938a13ce70b84c","lines":[{"product_id":"p-097","category":"jackets","quantity_milli":1000,"unit_price":{"minor":8490,"currency":"EUR"}},{"product_id":"p-141","category":"accessories","quantity_milli":2000,"unit_price":{"minor":4740,"currency":"EUR"}}],"value":{"minor":17970,"currency":"EUR"}}}}'),
	(223401749981095, 144, 1, 'shop', 'c-143', '\x746160fee504c4a197badab3c08505d2', 6, 1732478847000000, 'order', 'web', '{"a":{"order":{"order_id":"o-8aa51e41a09c5000","amount":{"minor":8990,"currency":"EUR"},"lines":[{"product_id":"p-195","category":"trousers","quantity_milli":1000,"unit_price":{"minor":8990,"currency":"EUR"}}],"fulfilment":"home_delivery"}}}'),
	(223401749981095, 145, 1, 'pos', 'c-144', '\x09543cbdaac7d8050761eba6c2dd83d9', 26, 1732719591000000, 'conversation', 'store', '{"a":{"conversation":{"topic":"trousers","clerk":"clerk-28"}},"location":"store-08","handling_seconds":444}'),
	(223401749981095, 146, 1, 'pos', 'c-145', '\x970e3fd9b2a74235e4fcc136c0d71dec', 26, 1732719771000000, 'order', 'store', '{"a":{"order":{"order_id":"o-9a3dc38b88c66d55","amount":{"minor":8740,"currency":"EUR"},"lines":[{"product_id":"p-107","category":"trousers","quantity_milli":1000,"unit_price":{"minor":8740,"currency":"EUR"}}],"fulfilment":"take_away"}},"visit_id":"v-29ec1a5698cb4516","location":"store-08","handling_seconds":170}'),
	(223401749981095, 147, 1, 'pos', 'c-146', '\x1aeee6272eb4296ea565339b9a4bfd68', 19, 1732985665000000, 'product_trial', 'store', '{"a":{"product_trial":{"product_id":"p-223"}},"visit_id":"v-c177d1c8451443e7","location":"store-08"}'),
	(223401749981095, 148, 1, 'pos', 'c-147', '\x5fcf0cc53e96c0fd26efc40efaed24f0', 19, 1732986025000000, 'conversation', 'store', '{"a":{"conversation":{"topic":"sports","clerk":"clerk-34"}},"location":"store-08","handling_seconds":528}'),
	(223401749981095, 149, 1, 'pos', 'c-148', '\x2bd5b4dd405e4fe9bf4bd63acbe22022', 19, 1732986205000000, 'order', 'store', '{"a":{"order":{"order_id":"o-8fe328256ff129e6","amount":{"minor":20524,"currency":"EUR"},"lines":[{"product_id":"p-223","category":"home","quantity_milli":1000,"unit_price":{"minor":9740,"currency":"EUR"}},{"product_id":"p-377","category":"jackets","quantity_milli":1000,"unit_price":{"minor":5792,"currency":"EUR"},"list_price":{"minor":7240,"currency":"EUR"},"promotion":"sale"},{"product_id":"p-351","category":"home","quantity_milli":1000,"unit_price":{"minor":4992,"currency":"EUR"},"list_price":{"minor":6240,"currency":"EUR"},"promotion":"sale"}],"fulfilment":"take_away"}},"visit_id":"v-c177d1c8451443e7","location":"store-08","handling_seconds":104}'),
	(223401749981095, 150, 1, 'shop', 'c-149', '\x6782cc868fa74da5e52327ee1ffc68ca', 6, 1732996527000000, 'delivery', 'web', '{"a":{"delivery":{"order_id":"o-8aa51e41a09c5000"}}}'),
	(223401749981095, 151, 1, 'ads', 'c-150', '\x98b864ccf8312e165a59d99b4a346e38', 28, 1733404527000000, 'ad_click', 'advertising', '{"a":{"ad_click":{"ad_id":"ad-18","placement":"search"}},"campaign":"winter-24","cost":{"minor":45,"currency":"EUR"}}'),
	(223401749981095, 152, 1, 'shop', 'c-151', '\xd853c7d8ff9a2203048a2c2254405f4e', 28, 1733404587000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":870,"pages":2,"source_channel":"search"}},"visit_id":"v-7e3f7c53da7457b3"}'),
	(223401749981095, 153, 1, 'shop', 'c-152', '\x1b856042f2615596474fc418f96f9edf', 28, 1733404647000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-390","category":"sports","view_seconds":9}},"visit_id":"v-7e3f7c53da7457b3"}'),
	(223401749981095, 154, 1, 'shop', 'c-153', '\x0cc699ea4aa7da1fd3cb8b2e8170a58e', 28, 1733405127000000, 'cart_updated', 'web', '{"a":{"cart_updated":{"cart_id":"k-31bcd8ffbbb3f952","lines":[{"product_id":"p-399","category":"home","quantity_milli":1000,"unit_price":{"minor":7740,"currency":"EUR"}}],"value":{"minor":7740,"currency":"EUR"}}}}'),
	(223401749981095, 155, 1, 'shop', 'c-154', '\x8573419141bcb7665f1af94cba495814', 22, 1734017420000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":532,"pages":12,"source_channel":"search"}},"visit_id":"v-580f98d7d919ac0e"}'),
	(223401749981095, 156, 1, 'shop', 'c-155', '\x83760c4c9ad41338586be704e3ad261b', 22, 1734017480000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-280","category":"shoes","view_seconds":136}},"visit_id":"v-580f98d7d919ac0e"}'),
	(223401749981095, 157, 1, 'shop', 'c-156', '\x94a865ae74cbbaf211a03d413d2c4f51', 22, 1734017600000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-250","category":"shirts","view_seconds":158}},"visit_id":"v-580f98d7d919ac0e"}'),
	(223401749981095, 158, 1, 'shop', 'c-157', '\x14ecde345c543751d85fb9fb7c8f43d2', 17, 1734535590000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":347,"pages":7,"source_channel":"newsletter"}},"visit_id":"v-29e9e82ab52eb9fa"}'),
	(223401749981095, 159, 1, 'pos', 'c-158', '\x51d69cc3cb7b2bab9f208214d11ddf51', 10, 1734963765000000, 'order', 'store', '{"a":{"order":{"order_id":"o-d04a14ee946bc01b","amount":{"minor":18062,"currency":"EUR"},"lines":[{"product_id":"p-132","category":"bags","quantity_milli":1000,"unit_price":{"minor":9490,"currency":"EUR"}},{"product_id":"p-322","category":"shirts","quantity_milli":1000,"unit_price":{"minor":2990,"currency":"EUR"}},{"product_id":"p-290","category":"shirts","quantity_milli":1000,"unit_price":{"minor":1592,"currency":"EUR"},"list_price":{"minor":1990,"currency":"EUR"},"promotion":"sale"},{"product_id":"p-274","category":"shirts","quantity_milli":1000,"unit_price":{"minor":3990,"currency":"EUR"}}],"fulfilment":"take_away"}},"visit_id":"v-d91728f34526b252","location":"store-05","handling_seconds":149}'),
	(223401749981095, 160, 1, 'shop', 'c-159', '\xa0c88bab4fcfa169599594b897b93ea4', 22, 1735385006000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":100,"pages":12,"source_channel":"social"}},"visit_id":"v-775bbffc0927114b"}'),
	(223401749981095, 161, 1, 'shop', 'c-160', '\x9d5d589cbb39bd0951688102b24e0c60', 22, 1735385066000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-155","category":"trousers","view_seconds":33}},"visit_id":"v-775bbffc0927114b"}'),
	(223401749981095, 162, 1, 'shop', 'c-161', '\x81e4a98888e770b0b808a086abe01c5c', 22, 1735385186000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-262","category":"sports","view_seconds":118}},"visit_id":"v-775bbffc0927114b"}'),
	(223401749981095, 163, 1, 'mailer', 'c-162', '\xc50a974357b43490981e45118b41cdf0', 7, 1735480920000000, 'message', 'email', '{"a":{"message":{"message_id":"m-0a5b1681e8db058a","subject":"winter-24"}},"campaign":"winter-24"}'),
	(223401749981095, 164, 1, 'mailer', 'c-163', '\x46d88a1c84a5eccb9dbe56784343dd32', 7, 1735482720000000, 'message', 'email', '{"a":{"message":{"message_id":"m-0a5b1681e8db058a","status":"opened","subject":"winter-24"}},"campaign":"winter-24"}'),
	(223401749981095, 165, 1, 'shop', 'c-164', '\xe6147fc599bb1e380b533a7d4f908b7d', 29, 1737142082000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":509,"pages":1,"source_channel":"direct"}},"visit_id":"v-f00708f66ee71e6d"}'),
	(223401749981095, 166, 1, 'shop', 'c-165', '\xcb6bcbc9999870e24ba8562b501e4b9e', 29, 1737142142000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-247","category":"home","view_seconds":17}},"visit_id":"v-f00708f66ee71e6d"}'),
	(223401749981095, 167, 1, 'shop', 'c-166', '\xeac4017852481ca3eb0b76113932ec54', 29, 1737142262000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-039","category":"home","view_seconds":132}},"visit_id":"v-f00708f66ee71e6d"}'),
	(223401749981095, 168, 1, 'shop', 'c-167', '\xee7ec3c1d56f08d03fc88565dcd0c00d', 30, 1737887847000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":474,"pages":1,"source_channel":"direct"}},"visit_id":"v-5be054269d1ff4f6"}'),
	(223401749981095, 169, 1, 'shop', 'c-168', '\x418f0ed4052e25fd8bc321d2e93deb56', 30, 1737888387000000, 'cart_updated', 'web', '{"a":{"cart_updated":{"cart_id":"k-9421abcb0f360924","lines":[{"product_id":"p-348","category":"bags","quantity_milli":1000,"unit_price":{"minor":6240,"currency":"EUR"}},{"product_id":"p-263","category":"home","quantity_milli":1000,"unit_price":{"minor":792,"currency":"EUR"},"list_price":{"minor":990,"currency":"EUR"},"promotion":"sale"}],"value":{"minor":7032,"currency":"EUR"}}}}'),
	(223401749981095, 170, 1, 'pos', 'c-169', '\xda340afbb446053bd2e2f08d1a31a871', 26, 1738077543000000, 'conversation', 'store', '{"a":{"conversation":{"topic":"shoes","clerk":"clerk-26"}},"location":"store-08","handling_seconds":304}'),
	(223401749981095, 199, 1, 'shop', 'c-198', '\x4ae38e0278af2f12eb7d52c864a23073', 33, 1743105436000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":155,"pages":7,"source_channel":"social"}},"visit_id":"v-0c9e1b7fbaaf47e2"}'),
	(223401749981095, 200, 1, 'shop', 'c-199', '\xf89e453734b782564ac2cc9928defe01', 33, 1743105496000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-046","category":"sports","view_seconds":39}},"visit_id":"v-0c9e1b7fbaaf47e2"}'),
	(223401749981095, 171, 1, 'pos', 'c-170', '\xea5e32f2b652113b92396882875584a6', 26, 1738077723000000, 'order', 'store', '{"a":{"order":{"order_id":"o-aa12e6996a334ed5","amount":{"minor":8132,"currency":"EUR"},"lines":[{"product_id":"p-009","category":"jackets","quantity_milli":1000,"unit_price":{"minor":5740,"currency":"EUR"}},{"product_id":"p-002","category":"shirts","quantity_milli":1000,"unit_price":{"minor":2392,"currency":"EUR"},"list_price":{"minor":2990,"currency":"EUR"},"promotion":"sale"}],"fulfilment":"take_away"}},"visit_id":"v-daec566cd9d9fde5","location":"store-08","handling_seconds":175}'),
	(223401749981095, 172, 1, 'pos', 'c-171', '\x9f2081f0bc33c2ae0921b25889a600ce', 10, 1739553936000000, 'offer_shown', 'store', '{"a":{"offer_shown":{"offer_id":"offer-2","kind":"upsell"}},"location":"store-05"}'),
	(223401749981095, 173, 1, 'pos', 'c-172', '\x3c4a03581f01a69c9575cd0d83f8cd5e', 10, 1739554176000000, 'order', 'store', '{"a":{"order":{"order_id":"o-868f948876c5ca73","amount":{"minor":8480,"currency":"EUR"},"lines":[{"product_id":"p-366","category":"sports","quantity_milli":1000,"unit_price":{"minor":4240,"currency":"EUR"}},{"product_id":"p-124","category":"bags","quantity_milli":1000,"unit_price":{"minor":4240,"currency":"EUR"}}],"fulfilment":"take_away","offer_id":"offer-2"}},"visit_id":"v-dfcb5eeaa742b14f","location":"store-05","handling_seconds":92}'),
	(223401749981095, 174, 1, 'pos', 'c-173', '\xd65d834c416f66a30bd1533992031835', 10, 1740166883000000, 'order', 'store', '{"a":{"order":{"order_id":"o-f0ad7641b10933c4","amount":{"minor":9032,"currency":"EUR"},"lines":[{"product_id":"p-026","category":"shirts","quantity_milli":1000,"unit_price":{"minor":6240,"currency":"EUR"}},{"product_id":"p-342","category":"sports","quantity_milli":1000,"unit_price":{"minor":2792,"currency":"EUR"},"list_price":{"minor":3490,"currency":"EUR"},"promotion":"sale"}],"fulfilment":"take_away"}},"visit_id":"v-724d9c716fb084b3","location":"store-05","handling_seconds":106}'),
	(223401749981095, 175, 1, 'social', 'c-174', '\x64d4ddbb1da80a21db223100a6bcba4e', 27, 1740228433000000, 'social_engagement', 'social', '{"a":{"social_engagement":{"network":"photos","post_id":"p-3"}}}'),
	(223401749981095, 176, 1, 'shop', 'c-175', '\x9d31adca98480a6ee6a8cd4d9220d045', 30, 1741870162000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":622,"pages":7,"source_channel":"newsletter"}},"visit_id":"v-df24f9b0734b5d8a"}'),
	(223401749981095, 177, 1, 'shop', 'c-176', '\xd2191fa31aef57c95970ffefb92f7271', 31, 1741870522000000, 'registration', 'web', '{"a":{"registration":{"method":"form"}},"traits":[{"name":"name","value":{"s":"Tilda Imhof"}},{"name":"city","value":{"s":"Leipzig"}},{"name":"birth_year","value":{"i":1995}}]}'),
	(223401749981095, 178, 1, 'shop', 'c-177', '\x588469877a45bd96cc83339b452b8e62', 32, 1741870642000000, 'offer_shown', 'web', '{"a":{"offer_shown":{"offer_id":"offer-2","kind":"upsell"}}}'),
	(223401749981095, 179, 1, 'shop', 'c-178', '\xbb0194e0683fdb4ed1fd507e28db40f4', 30, 1741870702000000, 'cart_updated', 'web', '{"a":{"cart_updated":{"cart_id":"k-fb01e8bf6f8eae26","lines":[{"product_id":"p-067","category":"trousers","quantity_milli":1000,"unit_price":{"minor":9990,"currency":"EUR"}}],"value":{"minor":9990,"currency":"EUR"}}}}'),
	(223401749981095, 180, 1, 'shop', 'c-179', '\x1722a8cfef80c1a5f9d37d1712a04b8f', 32, 1741870882000000, 'order', 'web', '{"a":{"order":{"order_id":"o-9dd15844ebac9211","amount":{"minor":7740,"currency":"EUR"},"lines":[{"product_id":"p-314","category":"shirts","quantity_milli":1000,"unit_price":{"minor":7740,"currency":"EUR"}}],"fulfilment":"home_delivery"}}}'),
	(223401749981095, 181, 1, 'pos', 'c-180', '\x6d71d2c2bebad49340aeac619a893311', 10, 1741888407000000, 'product_trial', 'store', '{"a":{"product_trial":{"product_id":"p-113"}},"visit_id":"v-4f8d07b0fb3173f4","location":"store-05"}'),
	(223401749981095, 182, 1, 'pos', 'c-181', '\x7f8adc9ebf04a31060f631348142e7ec', 10, 1741888947000000, 'order', 'store', '{"a":{"order":{"order_id":"o-234577b1150acf12","amount":{"minor":12980,"currency":"EUR"},"lines":[{"product_id":"p-113","category":"jackets","quantity_milli":2000,"unit_price":{"minor":6490,"currency":"EUR"}}],"fulfilment":"take_away"}},"visit_id":"v-4f8d07b0fb3173f4","location":"store-05","handling_seconds":81}'),
	(223401749981095, 183, 1, 'shop', 'c-182', '\x2934447542e60ca1d29740bba00fbeb4', 32, 1742129362000000, 'delivery', 'web', '{"a":{"delivery":{"order_id":"o-9dd15844ebac9211"}}}'),
	(223401749981095, 184, 1, 'ads', 'c-183', '\x65737e85d3a9dde2022bd7f5a77c6442', 33, 1742316539000000, 'ad_click', 'advertising', '{"a":{"ad_click":{"ad_id":"ad-15","placement":"search"}},"campaign":"spring-25","cost":{"minor":45,"currency":"EUR"}}'),
	(223401749981095, 185, 1, 'shop', 'c-184', '\x8ada03b7c9f80b8952da7cad7420edca', 33, 1742316599000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":718,"pages":9,"source_channel":"search"}},"visit_id":"v-189992028b99aac1"}'),
	(223401749981095, 186, 1, 'shop', 'c-185', '\x7e0d40707e8581c048c41718bf0a8725', 33, 1742316659000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-155","category":"trousers","view_seconds":168}},"visit_id":"v-189992028b99aac1"}'),
	(223401749981095, 187, 1, 'shop', 'c-186', '\x34b7dc3531dd9e2184a5855c84bfece1', 33, 1742316779000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-363","category":"trousers","view_seconds":81}},"visit_id":"v-189992028b99aac1"}'),
	(223401749981095, 188, 1, 'shop', 'c-187', '\xcf9a53f823b43f59bd29c59661b7a7e7', 34, 1742317079000000, 'offer_shown', 'web', '{"a":{"offer_shown":{"offer_id":"offer-5","kind":"cross_sell"}}}'),
	(223401749981095, 189, 1, 'shop', 'c-188', '\x195972603cb058b50d78ed538d9ea273', 33, 1742317139000000, 'cart_updated', 'web', '{"a":{"cart_updated":{"cart_id":"k-61b97ab7c94e7988","lines":[{"product_id":"p-333","category":"accessories","quantity_milli":1000,"unit_price":{"minor":5740,"currency":"EUR"}}],"value":{"minor":5740,"currency":"EUR"}}}}'),
	(223401749981095, 190, 1, 'shop', 'c-189', '\x5e7555eb8ec1118e8e5e1f2615b4855f', 34, 1742317319000000, 'order', 'web', '{"a":{"order":{"order_id":"o-1300b03e463768f9","amount":{"minor":15230,"currency":"EUR"},"lines":[{"product_id":"p-230","category":"sports","quantity_milli":1000,"unit_price":{"minor":4990,"currency":"EUR"}},{"product_id":"p-153","category":"jackets","quantity_milli":1000,"unit_price":{"minor":10240,"currency":"EUR"}}],"fulfilment":"home_delivery"}}}'),
	(223401749981095, 191, 1, 'shop', 'c-190', '\xbdf3bd206732efa70d73b3273e6e049a', 35, 1742317324000000, 'confirmation', 'web', '{"a":{"confirmation":{"order_id":"o-1300b03e463768f9"}}}'),
	(223401749981095, 192, 1, 'shop', 'c-191', '\x99289a6f4339dacb8db852beeeca3706', 34, 1742575799000000, 'delivery', 'web', '{"a":{"delivery":{"order_id":"o-1300b03e463768f9"}}}'),
	(223401749981095, 193, 1, 'shop', 'c-192', '\xe05d4240ba8f5651d073001b78c75ee6', 17, 1742730641000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":459,"pages":6,"source_channel":"newsletter"}},"visit_id":"v-d880c25eb45baf69"}'),
	(223401749981095, 194, 1, 'shop', 'c-193', '\x804e8813343e7a8a63efdfcb9570b410', 36, 1742757194000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":907,"pages":11,"source_channel":"search"}},"visit_id":"v-0b90ae8b8a7c1506"}'),
	(223401749981095, 195, 1, 'shop', 'c-194', '\xfca2f895f20fcc308877fa5c53e66c6f', 36, 1742757254000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-216","category":"shoes","view_seconds":126}},"visit_id":"v-0b90ae8b8a7c1506"}'),
	(223401749981095, 196, 1, 'shop', 'c-195', '\xe161571837874cbf78646988d55e552d', 36, 1742757374000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-154","category":"shirts","view_seconds":122}},"visit_id":"v-0b90ae8b8a7c1506"}'),
	(223401749981095, 197, 1, 'shop', 'c-196', '\x22ba6404f26b2991db5c6851d6824a1b', 36, 1743087685000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":918,"pages":10,"source_channel":"social"}},"visit_id":"v-406eaabe951c775e"}'),
	(223401749981095, 198, 1, 'shop', 'c-197', '\x2f5b863d3f3840e4f9a4b1a27783ea58', 36, 1743087745000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-355","category":"trousers","view_seconds":76}},"visit_id":"v-406eaabe951c775e"}');
INSERT INTO public.touchpoint VALUES
	(223401749981095, 201, 1, 'shop', 'c-200', '\x71dc325b585d22a78b03b04bcb3a7350', 33, 1743105616000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-168","category":"shoes","view_seconds":120}},"visit_id":"v-0c9e1b7fbaaf47e2"}'),
	(223401749981095, 202, 1, 'ads', 'c-201', '\x15416ef78e1d9f974b871879e9f84990', 36, 1743340900000000, 'ad_click', 'advertising', '{"a":{"ad_click":{"ad_id":"ad-8","placement":"search"}},"campaign":"spring-25","cost":{"minor":45,"currency":"EUR"}}'),
	(223401749981095, 203, 1, 'shop', 'c-202', '\x95c4c89805012d2e53810fe223e02829', 36, 1743340960000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":410,"pages":3,"source_channel":"social"}},"visit_id":"v-8885f4b098973a53"}'),
	(223401749981095, 204, 1, 'shop', 'c-203', '\x90e97dfac806f7933f3b285e1095011f', 36, 1743341020000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-218","category":"shirts","view_seconds":25}},"visit_id":"v-8885f4b098973a53"}'),
	(223401749981095, 205, 1, 'shop', 'c-204', '\xbdf4d1bf14e62d4bbf40d29898cadd31', 32, 1743425362000000, 'return', 'web', '{"a":{"return":{"return_id":"r-7fb597c151e7f75f","order_id":"o-9dd15844ebac9211","amount":{"minor":7740,"currency":"EUR"},"lines":[{"product_id":"p-314","category":"shirts","quantity_milli":1000,"unit_price":{"minor":7740,"currency":"EUR"}}],"reason":"did not fit"}},"handling_seconds":281}'),
	(223401749981095, 206, 1, 'shop', 'c-205', '\x861b7d4a1312c3d3c5bd209acff33c1d', 37, 1743515931000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":168,"pages":1,"source_channel":"search"}},"visit_id":"v-fca4ad93edfcd3f1"}'),
	(223401749981095, 207, 1, 'shop', 'c-206', '\x9c3137218e012aa382078bbff9688173', 37, 1743515991000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-378","category":"shirts","view_seconds":26}},"visit_id":"v-fca4ad93edfcd3f1"}'),
	(223401749981095, 208, 1, 'shop', 'c-207', '\xa8320c34a154fc3415b7cf9b59200302', 37, 1743516111000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-208","category":"shoes","view_seconds":69}},"visit_id":"v-fca4ad93edfcd3f1"}'),
	(223401749981095, 209, 1, 'shop', 'c-208', '\xc262696871115ccb3a5b8fcad1456fc6', 37, 1743516471000000, 'cart_updated', 'web', '{"a":{"cart_updated":{"cart_id":"k-9e40e47db74bb958","lines":[{"product_id":"p-369","category":"jackets","quantity_milli":1000,"unit_price":{"minor":4490,"currency":"EUR"}}],"value":{"minor":4490,"currency":"EUR"}}}}'),
	(223401749981095, 210, 1, 'shop', 'c-209', '\x9387c54d1465dd38b73f0d675445d3b6', 38, 1743516651000000, 'order', 'web', '{"a":{"order":{"order_id":"o-ee280930e02744b6","amount":{"minor":1990,"currency":"EUR"},"lines":[{"product_id":"p-374","category":"sports","quantity_milli":1000,"unit_price":{"minor":1990,"currency":"EUR"}}],"fulfilment":"home_delivery"}}}'),
	(223401749981095, 211, 1, 'shop', 'c-210', '\x3ea79c3d3469a09ed74e9080d22189f0', 39, 1743516656000000, 'confirmation', 'web', '{"a":{"confirmation":{"order_id":"o-ee280930e02744b6"}}}'),
	(223401749981095, 212, 1, 'shop', 'c-211', '\x13d8e6fac3ffbef2a8a21d4bc6c24ac7', 38, 1743602331000000, 'delivery', 'web', '{"a":{"delivery":{"order_id":"o-ee280930e02744b6"}}}'),
	(223401749981095, 213, 1, 'shop', 'c-212', '\x58cad9a991093efda07d3987b9a5121d', 30, 1743669929000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":892,"pages":3,"source_channel":"social"}},"visit_id":"v-3adc1dd235b1d793"}'),
	(223401749981095, 214, 1, 'shop', 'c-213', '\xa0e823b9bf6c78d09ca47eeef9affb02', 40, 1743670289000000, 'login', 'web', '{"a":{"login":{"method":"password"}}}'),
	(223401749981095, 215, 1, 'mailer', 'c-214', '\x849cb80cc1d61b2995124ceee422dfdf', 7, 1743683213000000, 'message', 'email', '{"a":{"message":{"message_id":"m-faf54fafda4c1402","subject":"summer-25"}},"campaign":"summer-25"}'),
	(223401749981095, 216, 1, 'mailer', 'c-215', '\x0b16d4536b6da15a5e037eb5e7ebce71', 7, 1743685013000000, 'message', 'email', '{"a":{"message":{"message_id":"m-faf54fafda4c1402","status":"opened","subject":"summer-25"}},"campaign":"summer-25"}'),
	(223401749981095, 217, 1, 'shop', 'c-216', '\x13afa8b30c2592c987e337830504a052', 37, 1744205429000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":345,"pages":6,"source_channel":"newsletter"}},"visit_id":"v-7a5c35ad85f2dcf5"}'),
	(223401749981095, 218, 1, 'ads', 'c-217', '\x42c65bddb926399ea94c70532145476c', 41, 1744979266000000, 'ad_click', 'advertising', '{"a":{"ad_click":{"ad_id":"ad-0","placement":"search"}},"campaign":"summer-25","cost":{"minor":45,"currency":"EUR"}}'),
	(223401749981095, 219, 1, 'shop', 'c-218', '\xebb7adad0e71db8bff0cfb32a4db4156', 41, 1744979326000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":286,"pages":3,"source_channel":"search"}},"visit_id":"v-ba932f98b8606a54"}'),
	(223401749981095, 220, 1, 'shop', 'c-219', '\xef01953672c686355b8b0cd99ef8b854', 41, 1744979866000000, 'cart_updated', 'web', '{"a":{"cart_updated":{"cart_id":"k-bbfcf49ed2ba8adb","lines":[{"product_id":"p-264","category":"shoes","quantity_milli":1000,"unit_price":{"minor":992,"currency":"EUR"},"list_price":{"minor":1240,"currency":"EUR"},"promotion":"sale"},{"product_id":"p-305","category":"jackets","quantity_milli":1000,"unit_price":{"minor":3992,"currency":"EUR"},"list_price":{"minor":4990,"currency":"EUR"},"promotion":"sale"}],"value":{"minor":4984,"currency":"EUR"}}}}'),
	(223401749981095, 221, 1, 'shop', 'c-220', '\xe64cfa05ddc66ad8b11843f050a33fc5', 37, 1745171439000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":724,"pages":6,"source_channel":"direct"}},"visit_id":"v-117e3f24c046fd67"}'),
	(223401749981095, 222, 1, 'shop', 'c-221', '\x25d7c766e4356086b457cfa0464be270', 37, 1745171499000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-108","category":"bags","view_seconds":51}},"visit_id":"v-117e3f24c046fd67"}'),
	(223401749981095, 223, 1, 'shop', 'c-222', '\xd55b58759dc7397615cb91d5903641f3', 41, 1745409838000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":787,"pages":12,"source_channel":"newsletter"}},"visit_id":"v-ec5754b9fcf5235d"}'),
	(223401749981095, 224, 1, 'shop', 'c-223', '\x5101c70998bf719f00b8e180485e53a1', 41, 1745409898000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-152","category":"shoes","view_seconds":157}},"visit_id":"v-ec5754b9fcf5235d"}'),
	(223401749981095, 225, 1, 'shop', 'c-224', '\x64e42c48751a8f7e51f02397b6d7eb17', 33, 1745505344000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":395,"pages":5,"source_channel":"social"}},"visit_id":"v-e65329897de12d49"}'),
	(223401749981095, 226, 1, 'shop', 'c-225', '\xa0dbbe939f965b0e8a54cff240bcdb06', 33, 1745505404000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-153","category":"jackets","view_seconds":75}},"visit_id":"v-e65329897de12d49"}'),
	(223401749981095, 227, 1, 'shop', 'c-226', '\x5106425ea45a3b1666214428652ee28a', 33, 1745505884000000, 'cart_updated', 'web', '{"a":{"cart_updated":{"cart_id":"k-96bae1c020464550","lines":[{"product_id":"p-254","category":"sports","quantity_milli":1000,"unit_price":{"minor":8240,"currency":"EUR"}}],"value":{"minor":8240,"currency":"EUR"}}}}'),
	(223401749981095, 228, 1, 'pos', 'c-227', '\x391e5e8444e8b4595657341e3bad1c81', NULL, 1745585401000000, 'product_trial', 'store', '{"a":{"product_trial":{"product_id":"p-101"}},"visit_id":"v-eab6be5a9f800b67","location":"store-05"}'),
	(223401749981095, 229, 1, 'pos', 'c-228', '\x27379d80f324b5bdab715e6db0380209', NULL, 1745585941000000, 'order', 'store', '{"a":{"order":{"order_id":"o-69c04e22b2fa9137","amount":{"minor":3490,"currency":"EUR"},"lines":[{"product_id":"p-101","category":"accessories","quantity_milli":1000,"unit_price":{"minor":3490,"currency":"EUR"}}],"fulfilment":"take_away"}},"visit_id":"v-eab6be5a9f800b67","location":"store-05","handling_seconds":155}'),
	(223401749981095, 230, 1, 'shop', 'c-229', '\xd9578d4ed3ed216990a75e3f32e8d814', 17, 1745663790000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":441,"pages":6,"source_channel":"direct"}},"visit_id":"v-7576c84726e94f72"}'),
	(223401749981095, 231, 1, 'shop', 'c-230', '\x74ba14e39358dd84cd1e05b77b4d52e5', 42, 1745768750000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":601,"pages":9,"source_channel":"search"}},"visit_id":"v-12404f5ffb107434"}'),
	(223401749981095, 232, 1, 'shop', 'c-231', '\x6dc0bd97ce36cd5a6b97dea5a5ee1d13', 30, 1745951987000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":268,"pages":8,"source_channel":"direct"}},"visit_id":"v-01cdaa64c0021290"}'),
	(223401749981095, 233, 1, 'shop', 'c-232', '\x63ed8efedb762c8593c3058789ad881f', 30, 1745952047000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-122","category":"shirts","view_seconds":97}},"visit_id":"v-01cdaa64c0021290"}'),
	(223401749981095, 234, 1, 'shop', 'c-233', '\x19551f4e8580e3300a0305b295079e7a', 40, 1745952347000000, 'login', 'web', '{"a":{"login":{"method":"password"}}}'),
	(223401749981095, 235, 1, 'pos', 'c-234', '\x880d5c1e64030d7fb3dbd7c951fc1fc4', 26, 1746017661000000, 'conversation', 'store', '{"a":{"conversation":{"topic":"sports","clerk":"clerk-15"}},"location":"store-08","handling_seconds":436}'),
	(223401749981095, 236, 1, 'pos', 'c-235', '\x667d7ff7a8f218aa74259ad3176e3ba3', 26, 1746017841000000, 'order', 'store', '{"a":{"order":{"order_id":"o-8be74f40f11ddd7c","amount":{"minor":23556,"currency":"EUR"},"lines":[{"product_id":"p-331","category":"trousers","quantity_milli":1000,"unit_price":{"minor":5740,"currency":"EUR"}},{"product_id":"p-003","category":"trousers","quantity_milli":2000,"unit_price":{"minor":6392,"currency":"EUR"},"list_price":{"minor":7990,"currency":"EUR"},"promotion":"sale"},{"product_id":"p-103","category":"home","quantity_milli":1000,"unit_price":{"minor":792,"currency":"EUR"},"list_price":{"minor":990,"currency":"EUR"},"promotion":"sale"},{"product_id":"p-365","category":"accessories","quantity_milli":1000,"unit_price":{"minor":4240,"currency":"EUR"}}],"fulfilment":"take_away"}},"visit_id":"v-c4146b7d781ce6d8","location":"store-08","handling_seconds":78}'),
	(223401749981095, 237, 1, 'pos', 'c-236', '\x1d877bad551e9afee0c19ad107fdd1e4', NULL, 1746017941000000, 'return', 'store', '{"a":{"return":{"return_id":"r-f40163bad5961d8e","order_id":"o-69c04e22b2fa9137","amount":{"minor":3490,"currency":"EUR"},"lines":[{"product_id":"p-101","category":"accessories","quantity_milli":1000,"unit_price":{"minor":3490,"currency":"EUR"}}],"reason":"did not fit"}},"location":"store-05","handling_seconds":250}'),
	(223401749981095, 238, 1, 'pos', 'c-237', '\xace4fa5ae0c818537bd2fc67acbbaabe', 26, 1746104241000000, 'return', 'store', '{"a":{"return":{"return_id":"r-94591770f91f322b","order_id":"o-8be74f40f11ddd7c","amount":{"minor":5740,"currency":"EUR"},"lines":[{"product_id":"p-331","category":"trousers","quantity_milli":1000,"unit_price":{"minor":5740,"currency":"EUR"}}],"reason":"did not fit"}},"location":"store-08","handling_seconds":213}'),
	(223401749981095, 239, 1, 'shop', 'c-238', '\x88910c9e773019a070ea480d9d6a3386', 33, 1746788610000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":774,"pages":6,"source_channel":"search"}},"visit_id":"v-277c6328b341db1f"}'),
	(223401749981095, 240, 1, 'shop', 'c-239', '\xf9d831e9d5d1dcaefdafbb6db18acaeb', 33, 1746788670000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-272","category":"shoes","view_seconds":169}},"visit_id":"v-277c6328b341db1f"}'),
	(223401749981095, 241, 1, 'shop', 'c-240', '\x4880663b7b5a336f58ec30e76534cd98', 33, 1746788790000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-391","category":"home","view_seconds":61}},"visit_id":"v-277c6328b341db1f"}'),
	(223401749981095, 242, 1, 'pos', 'c-241', '\x562a767f9abfaaa40d938cfc81c0f9b4', 10, 1748012908000000, 'conversation', 'store', '{"a":{"conversation":{"topic":"shoes","clerk":"clerk-15"}},"location":"store-05","handling_seconds":638}'),
	(223401749981095, 243, 1, 'pos', 'c-242', '\x718f2209f5f87a2516daf3e2a438370c', 10, 1748013088000000, 'order', 'store', '{"a":{"order":{"order_id":"o-62c5169bd365c6bf","amount":{"minor":7220,"currency":"EUR"},"lines":[{"product_id":"p-276","category":"bags","quantity_milli":2000,"unit_price":{"minor":1490,"currency":"EUR"}},{"product_id":"p-127","category":"home","quantity_milli":1000,"unit_price":{"minor":4240,"currency":"EUR"}}],"fulfilment":"take_away"}},"visit_id":"v-16959b8ad765506b","location":"store-05","handling_seconds":69}'),
	(223401749981095, 244, 1, 'ads', 'c-243', '\x32549170d36bbfa0e6f8e52d31e5a2b3', 36, 1748188215000000, 'ad_click', 'advertising', '{"a":{"ad_click":{"ad_id":"ad-14","placement":"search"}},"campaign":"summer-25","cost":{"minor":45,"currency":"EUR"}}'),
	(223401749981095, 245, 1, 'shop', 'c-244', '\x1ab33dfe33400bd81408913c749f9257', 36, 1748188275000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":336,"pages":8,"source_channel":"social"}},"visit_id":"v-beb3fdeb79f31eda"}'),
	(223401749981095, 246, 1, 'shop', 'c-245', '\xc862d3cb0d2b8371c018d4e43b5f13e6', 36, 1748188335000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-123","category":"trousers","view_seconds":156}},"visit_id":"v-beb3fdeb79f31eda"}'),
	(223401749981095, 247, 1, 'shop', 'c-246', '\x153326b6484af182d95fb141f7718595', 36, 1748356396000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":168,"pages":11,"source_channel":"newsletter"}},"visit_id":"v-91e66ea04513f82a"}'),
	(223401749981095, 248, 1, 'shop', 'c-247', '\xb956abf09b4d50eff8ec0cf233fd37cc', 42, 1749061242000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":521,"pages":7,"source_channel":"search"}},"visit_id":"v-7fcefdb6f409135f"}'),
	(223401749981095, 249, 1, 'shop', 'c-248', '\xbf3c59b6a9deb4504754562a312e2ebf', 43, 1749304398000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":64,"pages":10,"source_channel":"direct"}},"visit_id":"v-ed99868d5e552be4"}'),
	(223401749981095, 250, 1, 'shop', 'c-249', '\xc3aab3d942ad80b33f21ee24b8c601c5', 43, 1749304458000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-011","category":"trousers","view_seconds":37}},"visit_id":"v-ed99868d5e552be4"}'),
	(223401749981095, 251, 1, 'shop', 'c-250', '\x47c1795a4574c4fe72550ace3e83aa22', 41, 1749383287000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":589,"pages":1,"source_channel":"newsletter"}},"visit_id":"v-d9f34529dacfbb2e"}'),
	(223401749981095, 252, 1, 'shop', 'c-251', '\x9c8240ad5e7005525909408ad8750948', 41, 1749383347000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-281","category":"jackets","view_seconds":157}},"visit_id":"v-d9f34529dacfbb2e"}'),
	(223401749981095, 253, 1, 'shop', 'c-252', '\xf5fc0c63526b86da8ad04486aacb0c62', 41, 1749383467000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-144","category":"shoes","view_seconds":148}},"visit_id":"v-d9f34529dacfbb2e"}'),
	(223401749981095, 254, 1, 'shop', 'c-253', '\xdddf6f99ffbd8df04188f42d4bd1b99e', 30, 1749393245000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":427,"pages":3,"source_channel":"social"}},"visit_id":"v-92062f3357b30986"}'),
	(223401749981095, 255, 1, 'shop', 'c-254', '\x77043fe77e35f3370a6b8acf902b25bc', 30, 1749393305000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-018","category":"shirts","view_seconds":88}},"visit_id":"v-92062f3357b30986"}'),
	(223401749981095, 256, 1, 'shop', 'c-255', '\x23c97b1cf4b54f68fe9cc93cf2cd95cc', 30, 1749393785000000, 'cart_updated', 'web', '{"a":{"cart_updated":{"cart_id":"k-0e2c4665b5d98451","lines":[{"product_id":"p-389","category":"accessories","quantity_milli":1000,"unit_price":{"minor":9990,"currency":"EUR"}}],"value":{"minor":9990,"currency":"EUR"}}}}'),
	(223401749981095, 257, 1, 'shop', 'c-256', '\x9c72db95d4a401b7126fe60713b23616', 37, 1749398381000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":479,"pages":5,"source_channel":"social"}},"visit_id":"v-1e9b417f29baef8f"}'),
	(223401749981095, 258, 1, 'shop', 'c-257', '\x6fcd70da784d6fd926cfd214f56ad65c', 37, 1749398441000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-380","category":"bags","view_seconds":100}},"visit_id":"v-1e9b417f29baef8f"}'),
	(223401749981095, 259, 1, 'shop', 'c-258', '\x20f04e07d1bed306b1704ca51be063ff', 44, 1750257666000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":585,"pages":6,"source_channel":"social"}},"visit_id":"v-2f1f600f792c1fc7"}'),
	(223401749981095, 260, 1, 'shop', 'c-259', '\xbaee903c1dcc081637e7b25b8e872ff2', 44, 1750873360000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":745,"pages":8,"source_channel":"search"}},"visit_id":"v-ba9420e344811229"}'),
	(223401749981095, 261, 1, 'shop', 'c-260', '\x4c02ae1ca84ee26c9628b45c36fd3ddb', 44, 1750873900000000, 'cart_updated', 'web', '{"a":{"cart_updated":{"cart_id":"k-2edb4b2a65b46f7c","lines":[{"product_id":"p-019","category":"trousers","quantity_milli":2000,"unit_price":{"minor":8490,"currency":"EUR"}},{"product_id":"p-330","category":"shirts","quantity_milli":2000,"unit_price":{"minor":5740,"currency":"EUR"}}],"value":{"minor":28460,"currency":"EUR"}}}}'),
	(223401749981095, 262, 1, 'shop', 'c-261', '\x46e581bdaa6e3c53235caa94b0e8d83e', 45, 1750874080000000, 'order', 'web', '{"a":{"order":{"order_id":"o-df428d7abd8f6187","amount":{"minor":4240,"currency":"EUR"},"lines":[{"product_id":"p-121","category":"jackets","quantity_milli":1000,"unit_price":{"minor":4240,"currency":"EUR"}}],"fulfilment":"home_delivery"}}}'),
	(223401749981095, 263, 1, 'shop', 'c-262', '\x71bea20033fa8aadfc70c36335eb8256', 46, 1750874085000000, 'confirmation', 'web', '{"a":{"confirmation":{"order_id":"o-df428d7abd8f6187"}}}'),
	(223401749981095, 264, 1, 'pos', 'c-263', '\x182fccc2c45e613e90bf021c931b261d', 47, 1751122334000000, 'subscription', 'store', '{"a":{"subscription":{"programme":"loyalty"}},"location":"store-05","traits":[{"name":"name","value":{"s":"Hugo Falk"}},{"name":"city","value":{"s":"Stuttgart"}},{"name":"birth_year","value":{"i":2002}}]}'),
	(223401749981095, 265, 1, 'pos', 'c-264', '\x906fb1c4212831c72baf05be0b8dd64c', 47, 1751122634000000, 'order', 'store', '{"a":{"order":{"order_id":"o-cc38610b99e717f0","amount":{"minor":1490,"currency":"EUR"},"lines":[{"product_id":"p-119","category":"home","quantity_milli":1000,"unit_price":{"minor":1490,"currency":"EUR"}}],"fulfilment":"take_away"}},"visit_id":"v-c1d22d9178baf0bc","location":"store-05","handling_seconds":136}'),
	(223401749981095, 266, 1, 'shop', 'c-265', '\x31b0283f22f81f0ae9e966cd57b7e82b', 45, 1751305360000000, 'delivery', 'web', '{"a":{"delivery":{"order_id":"o-df428d7abd8f6187"}}}'),
	(223401749981095, 267, 1, 'shop', 'c-266', '\xd06ea65a4e8c8d2013c11e0dc6d4a7df', 36, 1751562014000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":165,"pages":11,"source_channel":"social"}},"visit_id":"v-f09ae6836fca2032"}'),
	(223401749981095, 268, 1, 'shop', 'c-267', '\xe5e4e01ac75b2de937efcb9d4846ae77', 36, 1751562074000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-077","category":"accessories","view_seconds":88}},"visit_id":"v-f09ae6836fca2032"}'),
	(223401749981095, 269, 1, 'shop', 'c-268', '\xf81f8f02c562a4e4ab0513b685414d19', 48, 1751648946000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":408,"pages":9,"source_channel":"newsletter"}},"visit_id":"v-4ded2ce41119780e"}'),
	(223401749981095, 270, 1, 'shop', 'c-269', '\x3100f2b8f2af4ed094ac3a0ec03bbc9b', 49, 1751649306000000, 'login', 'web', '{"a":{"login":{"method":"password"}}}'),
	(223401749981095, 271, 1, 'shop', 'c-270', '\xac6f1f00b7e4a148109e65119aa88c90', 48, 1751649486000000, 'cart_updated', 'web', '{"a":{"cart_updated":{"cart_id":"k-eb27eedc6cb78e98","lines":[{"product_id":"p-187","category":"trousers","quantity_milli":1000,"unit_price":{"minor":1240,"currency":"EUR"}}],"value":{"minor":1240,"currency":"EUR"}}}}'),
	(223401749981095, 272, 1, 'shop', 'c-271', '\x1331caca147b8acddb230845c945d8ff', 6, 1751649666000000, 'order', 'web', '{"a":{"order":{"order_id":"o-8945e9ac5f064d98","amount":{"minor":5632,"currency":"EUR"},"lines":[{"product_id":"p-330","category":"shirts","quantity_milli":1000,"unit_price":{"minor":3240,"currency":"EUR"}},{"product_id":"p-084","category":"bags","quantity_milli":1000,"unit_price":{"minor":2392,"currency":"EUR"},"list_price":{"minor":2990,"currency":"EUR"},"promotion":"sale"}],"fulfilment":"home_delivery"}}}'),
	(223401749981095, 273, 1, 'shop', 'c-272', '\xbf3e4ad75e72cec85a6bc3f724abfcb1', 33, 1751720370000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":727,"pages":8,"source_channel":"search"}},"visit_id":"v-3d7a9fd01812aaa7"}'),
	(223401749981095, 274, 1, 'mailer', 'c-273', '\x1d7786fc99dcc8581c8d6b38ee42311f', 7, 1751905849000000, 'message', 'email', '{"a":{"message":{"message_id":"m-22b6128ecb191322","subject":"autumn-25"}},"campaign":"autumn-25"}'),
	(223401749981095, 275, 1, 'mailer', 'c-274', '\x38b108ffd822a28cda92f1525e0ea63a', 7, 1751907649000000, 'message', 'email', '{"a":{"message":{"message_id":"m-22b6128ecb191322","status":"opened","subject":"autumn-25"}},"campaign":"autumn-25"}'),
	(223401749981095, 276, 1, 'shop', 'c-275', '\xa644341ae66c360267a77c10677046fb', 6, 1751908146000000, 'delivery', 'web', '{"a":{"delivery":{"order_id":"o-8945e9ac5f064d98"}}}'),
	(223401749981095, 277, 1, 'shop', 'c-276', '\xb083811b922211bcb836bec3eeeaa7b2', 50, 1752244853000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":345,"pages":6,"source_channel":"social"}},"visit_id":"v-b6f7fe74ef5b6a05"}'),
	(223401749981095, 278, 1, 'shop', 'c-277', '\xe18338c41273d4102cddeb05c29c3470', 50, 1752244913000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-342","category":"sports","view_seconds":23}},"visit_id":"v-b6f7fe74ef5b6a05"}'),
	(223401749981095, 279, 1, 'shop', 'c-278', '\x46d5cf854dc65f637987c8369892f7c0', 50, 1752245033000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-062","category":"sports","view_seconds":108}},"visit_id":"v-b6f7fe74ef5b6a05"}'),
	(223401749981095, 280, 1, 'shop', 'c-279', '\x88a8ba97579135f223d26fe765b83777', 51, 1752335760000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":123,"pages":10,"source_channel":"search"}},"visit_id":"v-77326e721b055ff9"}'),
	(223401749981095, 281, 1, 'pos', 'c-280', '\xfeebfc4ac2f6193001f6844c36812097', NULL, 1752942457000000, 'product_trial', 'store', '{"a":{"product_trial":{"product_id":"p-136"}},"visit_id":"v-3c0e3c38a53052d1","location":"store-05"}'),
	(223401749981095, 282, 1, 'pos', 'c-281', '\x02e13b462686c48a354dfbe46241b39b', NULL, 1752942997000000, 'order', 'store', '{"a":{"order":{"order_id":"o-ce95313c6ab46638","amount":{"minor":5240,"currency":"EUR"},"lines":[{"product_id":"p-316","category":"bags","quantity_milli":1000,"unit_price":{"minor":5240,"currency":"EUR"}}],"fulfilment":"take_away"}},"visit_id":"v-3c0e3c38a53052d1","location":"store-05","handling_seconds":64}'),
	(223401749981095, 283, 1, 'shop', 'c-282', '\xef0bd65b90112b0d209e0eb21bd07cf6', 44, 1753091960000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":64,"pages":4,"source_channel":"newsletter"}},"visit_id":"v-d6a56b0287970b50"}'),
	(223401749981095, 284, 1, 'shop', 'c-283', '\xb98c31f3edb37d3305ab183aa7e37279', 44, 1753092020000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-327","category":"home","view_seconds":56}},"visit_id":"v-d6a56b0287970b50"}'),
	(223401749981095, 285, 1, 'shop', 'c-284', '\x5338c42922656613f54b7eacb310e9ce', 44, 1753092140000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-332","category":"bags","view_seconds":173}},"visit_id":"v-d6a56b0287970b50"}'),
	(223401749981095, 286, 1, 'pos', 'c-285', '\xad5d7e15e96834de676762259c281e24', 10, 1753198885000000, 'conversation', 'store', '{"a":{"conversation":{"topic":"sports","clerk":"clerk-20"}},"location":"store-05","handling_seconds":466}'),
	(223401749981095, 287, 1, 'pos', 'c-286', '\xb7b109d06de32aa7eb5ccdff5d4edbce', 10, 1753199065000000, 'order', 'store', '{"a":{"order":{"order_id":"o-549da2e87de1cd3e","amount":{"minor":9230,"currency":"EUR"},"lines":[{"product_id":"p-019","category":"trousers","quantity_milli":1000,"unit_price":{"minor":990,"currency":"EUR"}},{"product_id":"p-012","category":"bags","quantity_milli":1000,"unit_price":{"minor":8240,"currency":"EUR"}}],"fulfilment":"take_away"}},"visit_id":"v-10df690ad56c66c7","location":"store-05","handling_seconds":157}'),
	(223401749981095, 288, 1, 'shop', 'c-287', '\x3418dff9bf68cf5923a2b6cc62333018', 52, 1753445638000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":856,"pages":12,"source_channel":"newsletter"}},"visit_id":"v-b0aa0d158b99cfb5"}'),
	(223401749981095, 289, 1, 'shop', 'c-288', '\xea84795d340714309da49f2c44911819', 48, 1753531353000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":515,"pages":2,"source_channel":"search"}},"visit_id":"v-1e1775541406673c"}'),
	(223401749981095, 290, 1, 'pos', 'c-289', '\x7f5110aade36d8d842531cbd97dec0a5', NULL, 1753711011000000, 'offer_shown', 'store', '{"a":{"offer_shown":{"offer_id":"offer-7","kind":"cross_sell"}},"location":"store-08"}'),
	(223401749981095, 291, 1, 'pos', 'c-290', '\x50b8cd7364bcf09eb163d67b2798e655', NULL, 1753711251000000, 'order', 'store', '{"a":{"order":{"order_id":"o-755084a6b2d65c6e","amount":{"minor":15730,"currency":"EUR"},"lines":[{"product_id":"p-164","category":"bags","quantity_milli":1000,"unit_price":{"minor":7990,"currency":"EUR"}},{"product_id":"p-078","category":"sports","quantity_milli":1000,"unit_price":{"minor":7740,"currency":"EUR"}}],"fulfilment":"take_away"}},"visit_id":"v-a453d0ad393dc418","location":"store-08","handling_seconds":64}'),
	(223401749981095, 292, 1, 'shop', 'c-291', '\x4e7ec2920e67d10b940d88d09425b9e2', 44, 1753715117000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":362,"pages":3,"source_channel":"social"}},"visit_id":"v-722f1cfa13d94854"}'),
	(223401749981095, 293, 1, 'shop', 'c-292', '\xb56ba241bbdc7e2bbab1565a41de4fad', 44, 1753715177000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-270","category":"sports","view_seconds":59}},"visit_id":"v-722f1cfa13d94854"}'),
	(223401749981095, 294, 1, 'pos', 'c-293', '\xb00cbc0e3608de97e4974e1adb41e9ef', 10, 1753976665000000, 'return', 'store', '{"a":{"return":{"return_id":"r-a05ef6ed53bd9e5b","order_id":"o-549da2e87de1cd3e","amount":{"minor":990,"currency":"EUR"},"lines":[{"product_id":"p-019","category":"trousers","quantity_milli":1000,"unit_price":{"minor":990,"currency":"EUR"}}],"reason":"did not fit"}},"location":"store-05","handling_seconds":356}'),
	(223401749981095, 295, 1, 'mailer', 'c-294', '\x29fd975eebd6740b20c481ebb29cec05', 7, 1754137313000000, 'message', 'email', '{"a":{"message":{"message_id":"m-e65f18e1baa787d4","subject":"autumn-25"}},"campaign":"autumn-25"}'),
	(223401749981095, 296, 1, 'pos', 'c-295', '\x3bb37653d9ce8e68ff6336321c60634a', 47, 1754317772000000, 'conversation', 'store', '{"a":{"conversation":{"topic":"home","clerk":"clerk-14"}},"location":"store-05","handling_seconds":304}'),
	(223401749981095, 297, 1, 'pos', 'c-296', '\x7e6f2dd923322ee7deb749fd9db960a7', 47, 1754317952000000, 'order', 'store', '{"a":{"order":{"order_id":"o-2b822c397e8767b0","amount":{"minor":10730,"currency":"EUR"},"lines":[{"product_id":"p-073","category":"jackets","quantity_milli":1000,"unit_price":{"minor":2740,"currency":"EUR"}},{"product_id":"p-005","category":"accessories","quantity_milli":1000,"unit_price":{"minor":7990,"currency":"EUR"}}],"fulfilment":"take_away"}},"visit_id":"v-61a85867940e9ff7","location":"store-05","handling_seconds":124}'),
	(223401749981095, 298, 1, 'pos', 'c-297', '\x7a054caf2559c3f71b44ac681a506ba1', 47, 1754576447000000, 'order', 'store', '{"a":{"order":{"order_id":"o-076d64488ebcfaf8","amount":{"minor":5332,"currency":"EUR"},"lines":[{"product_id":"p-078","category":"sports","quantity_milli":1000,"unit_price":{"minor":2740,"currency":"EUR"}},{"product_id":"p-331","category":"trousers","quantity_milli":1000,"unit_price":{"minor":2592,"currency":"EUR"},"list_price":{"minor":3240,"currency":"EUR"},"promotion":"sale"}],"fulfilment":"take_away"}},"visit_id":"v-0c7e9f18e573648c","location":"store-05","handling_seconds":178}'),
	(223401749981095, 299, 1, 'shop', 'c-298', '\x17b6850c5f28e652a64c9c892c1bba91', 48, 1754578106000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":636,"pages":12,"source_channel":"direct"}},"visit_id":"v-afc219e88b6d805d"}'),
	(223401749981095, 300, 1, 'shop', 'c-299', '\xf75fea86817290bced487042890c2f32', 48, 1754578166000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-385","category":"jackets","view_seconds":104}},"visit_id":"v-afc219e88b6d805d"}'),
	(223401749981095, 301, 1, 'shop', 'c-300', '\x16244f139aa96a6432d62c259671f9ad', 48, 1754578286000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-344","category":"shoes","view_seconds":138}},"visit_id":"v-afc219e88b6d805d"}'),
	(223401749981095, 302, 1, 'pos', 'c-301', '\x95ea755efe5d637c82484c4b72d1a7b8', 10, 1754584418000000, 'order', 'store', '{"a":{"order":{"order_id":"o-451c7e1f00fc9924","amount":{"minor":23960,"currency":"EUR"},"lines":[{"product_id":"p-143","category":"home","quantity_milli":1000,"unit_price":{"minor":4740,"currency":"EUR"}},{"product_id":"p-376","category":"shoes","quantity_milli":2000,"unit_price":{"minor":7240,"currency":"EUR"}},{"product_id":"p-218","category":"shirts","quantity_milli":1000,"unit_price":{"minor":4740,"currency":"EUR"}}],"fulfilment":"take_away"}},"visit_id":"v-0a8d1d25ae74175f","location":"store-05","handling_seconds":129}'),
	(223401749981095, 303, 1, 'ads', 'c-302', '\xb8959fc85385ec4f4db72a335465b89b', 36, 1754659183000000, 'ad_click', 'advertising', '{"a":{"ad_click":{"ad_id":"ad-19","placement":"search"}},"campaign":"autumn-25","cost":{"minor":45,"currency":"EUR"}}'),
	(223401749981095, 304, 1, 'shop', 'c-303', '\x00db78d13cefed3bf94111e6c1364047', 36, 1754659243000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":825,"pages":7,"source_channel":"direct"}},"visit_id":"v-57d6cf5ebe5f89ba"}'),
	(223401749981095, 305, 1, 'pos', 'c-304', '\xba2cd0b35eb85e47d92a552255eafc70', NULL, 1754674470000000, 'product_trial', 'store', '{"a":{"product_trial":{"product_id":"p-203"}},"visit_id":"v-dcf41fb6909a1c27","location":"store-08"}'),
	(223401749981095, 306, 1, 'pos', 'c-305', '\x5ed1073ef16e68b9105e3bfe0e7bd8a8', NULL, 1754675010000000, 'order', 'store', '{"a":{"order":{"order_id":"o-82646c5c70ba2a88","amount":{"minor":10882,"currency":"EUR"},"lines":[{"product_id":"p-203","category":"trousers","quantity_milli":1000,"unit_price":{"minor":3392,"currency":"EUR"},"list_price":{"minor":4240,"currency":"EUR"},"promotion":"sale"},{"product_id":"p-071","category":"home","quantity_milli":1000,"unit_price":{"minor":7490,"currency":"EUR"}}],"fulfilment":"take_away"}},"visit_id":"v-dcf41fb6909a1c27","location":"store-08","handling_seconds":64}'),
	(223401749981095, 307, 1, 'shop', 'c-306', '\xdc598159b7afff6d218c9066e0e9ca86', 53, 1754752150000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":161,"pages":5,"source_channel":"direct"}},"visit_id":"v-5ba90af9abe0a6e5"}'),
	(223401749981095, 308, 1, 'shop', 'c-307', '\x43d561f2aa199f5db593af871a3d2d31', 53, 1754752210000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-390","category":"sports","view_seconds":15}},"visit_id":"v-5ba90af9abe0a6e5"}'),
	(223401749981095, 309, 1, 'pos', 'c-308', '\xa0446d016e0dcebb037668f0fb206566', 54, 1754834388000000, 'subscription', 'store', '{"a":{"subscription":{"programme":"loyalty"}},"location":"store-06","traits":[{"name":"name","value":{"s":"Ben Graf"}},{"name":"city","value":{"s":"Hamburg"}},{"name":"birth_year","value":{"i":1998}}]}'),
	(223401749981095, 310, 1, 'pos', 'c-309', '\xb87558f0c0249af158a5907ca9177037', 54, 1754834688000000, 'order', 'store', '{"a":{"order":{"order_id":"o-4f04e82a7e3d0592","amount":{"minor":7980,"currency":"EUR"},"lines":[{"product_id":"p-331","category":"trousers","quantity_milli":1000,"unit_price":{"minor":740,"currency":"EUR"}},{"product_id":"p-222","category":"sports","quantity_milli":1000,"unit_price":{"minor":7240,"currency":"EUR"}}],"fulfilment":"take_away"}},"visit_id":"v-e0baabb3ec52f9c7","location":"store-06","handling_seconds":166}'),
	(223401749981095, 311, 1, 'pos', 'c-310', '\x413c5192af3e84170821ca5394494495', 55, 1755109278000000, 'subscription', 'store', '{"a":{"subscription":{"programme":"loyalty"}},"location":"store-12","traits":[{"name":"name","value":{"s":"Xenia Graf"}},{"name":"city","value":{"s":"Essen"}},{"name":"birth_year","value":{"i":1945}}]}'),
	(223401749981095, 312, 1, 'pos', 'c-311', '\x8533bc3ff6d1bc63892339e18500907e', 56, 1755109398000000, 'conversation', 'store', '{"a":{"conversation":{"topic":"sports","clerk":"clerk-18"}},"location":"store-12","handling_seconds":476}'),
	(223401749981095, 366, 1, 'helpdesk', 'c-365', '\xc5fdac757a35a46043b160e6d0be0f28', 70, 1761413774000000, 'service_contact', 'call_centre', '{"a":{"service_contact":{"case_id":"c-4d0069fe3c67c2e2","reason":"question"}}}'),
	(223401749981095, 313, 1, 'pos', 'c-312', '\xa5f41433d8a9eb7d8acc9d0d0a00d208', 56, 1755109578000000, 'order', 'store', '{"a":{"order":{"order_id":"o-de14e7baf178b779","amount":{"minor":2990,"currency":"EUR"},"lines":[{"product_id":"p-080","category":"shoes","quantity_milli":1000,"unit_price":{"minor":2990,"currency":"EUR"}}],"fulfilment":"take_away"}},"visit_id":"v-3b83b97722ff7926","location":"store-12","handling_seconds":97}'),
	(223401749981095, 314, 1, 'pos', 'c-313', '\x7f8737191ff739d5e84c19adf93b3e60', 10, 1755165610000000, 'product_trial', 'store', '{"a":{"product_trial":{"product_id":"p-085"}},"visit_id":"v-c56de70894be0415","location":"store-05"}'),
	(223401749981095, 315, 1, 'pos', 'c-314', '\x0321f7a2919130a8809fbd4556aee596', 10, 1755166150000000, 'order', 'store', '{"a":{"order":{"order_id":"o-2d3d272d015bd6d0","amount":{"minor":7990,"currency":"EUR"},"lines":[{"product_id":"p-085","category":"accessories","quantity_milli":1000,"unit_price":{"minor":7990,"currency":"EUR"}}],"fulfilment":"take_away"}},"visit_id":"v-c56de70894be0415","location":"store-05","handling_seconds":86}'),
	(223401749981095, 316, 1, 'pos', 'c-315', '\x022cbd4972be923e378a95029e4a779b', 10, 1755436713000000, 'product_trial', 'store', '{"a":{"product_trial":{"product_id":"p-363"}},"visit_id":"v-e3d53254bbefe835","location":"store-05"}'),
	(223401749981095, 317, 1, 'pos', 'c-316', '\xc5a94c187c55763591d2f0be63df24cc', 10, 1755437253000000, 'order', 'store', '{"a":{"order":{"order_id":"o-f54de39f5a6de5b7","amount":{"minor":4240,"currency":"EUR"},"lines":[{"product_id":"p-363","category":"trousers","quantity_milli":1000,"unit_price":{"minor":4240,"currency":"EUR"}}],"fulfilment":"take_away"}},"visit_id":"v-e3d53254bbefe835","location":"store-05","handling_seconds":93}'),
	(223401749981095, 318, 1, 'mailer', 'c-317', '\xdbeb4a8d5b9e11e0ed886b14fd1f8a3d', 7, 1755963964000000, 'message', 'email', '{"a":{"message":{"message_id":"m-716e51381c099438","subject":"autumn-25"}},"campaign":"autumn-25"}'),
	(223401749981095, 319, 1, 'mailer', 'c-318', '\xe1e8ea180c0c180882c2ab3ba4409b79', 7, 1755965764000000, 'message', 'email', '{"a":{"message":{"message_id":"m-716e51381c099438","status":"opened","subject":"autumn-25"}},"campaign":"autumn-25"}'),
	(223401749981095, 320, 1, 'shop', 'c-319', '\x5984c3d3268ba73607bf64384d5acd21', 57, 1756304620000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":77,"pages":2,"source_channel":"search"}},"visit_id":"v-8e290378260c4b19"}'),
	(223401749981095, 321, 1, 'shop', 'c-320', '\x5383d37121054afbb46a75a623e57193', 57, 1756304680000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-145","category":"jackets","view_seconds":98}},"visit_id":"v-8e290378260c4b19"}'),
	(223401749981095, 322, 1, 'shop', 'c-321', '\xb971bc54c21e1257931426f1c4b283b5', 57, 1756304800000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-167","category":"home","view_seconds":9}},"visit_id":"v-8e290378260c4b19"}'),
	(223401749981095, 323, 1, 'shop', 'c-322', '\x2c0a908b021fd5ad0f5e2500b9aa6c7d', 58, 1756304980000000, 'registration', 'web', '{"a":{"registration":{"method":"form"}},"traits":[{"name":"name","value":{"s":"Xenia Graf"}},{"name":"city","value":{"s":"Essen"}},{"name":"birth_year","value":{"i":1945}}]}'),
	(223401749981095, 324, 1, 'shop', 'c-323', '\x0e60c104ba88d08cf7d35a36fcc683dc', 57, 1756305160000000, 'cart_updated', 'web', '{"a":{"cart_updated":{"cart_id":"k-e819f47d713079fb","lines":[{"product_id":"p-060","category":"bags","quantity_milli":1000,"unit_price":{"minor":7240,"currency":"EUR"}},{"product_id":"p-127","category":"home","quantity_milli":1000,"unit_price":{"minor":4240,"currency":"EUR"}}],"value":{"minor":11480,"currency":"EUR"}}}}'),
	(223401749981095, 325, 1, 'shop', 'c-324', '\x288a5ea07dea900d07afe953c0fb381d', 59, 1756305340000000, 'order', 'web', '{"a":{"order":{"order_id":"o-bd8204c505ada30d","amount":{"minor":990,"currency":"EUR"},"lines":[{"product_id":"p-020","category":"bags","quantity_milli":1000,"unit_price":{"minor":990,"currency":"EUR"}}],"fulfilment":"home_delivery"}}}'),
	(223401749981095, 326, 1, 'pos', 'c-325', '\x70939fbaa2d0398dba84c337bdeb4544', 54, 1756411598000000, 'order', 'store', '{"a":{"order":{"order_id":"o-5823c6fa105866dd","amount":{"minor":3240,"currency":"EUR"},"lines":[{"product_id":"p-011","category":"trousers","quantity_milli":1000,"unit_price":{"minor":3240,"currency":"EUR"}}],"fulfilment":"take_away"}},"visit_id":"v-0d49fec1a778efa4","location":"store-06","handling_seconds":63}'),
	(223401749981095, 327, 1, 'shop', 'c-326', '\x78d0558c0030797dd99c8413f9e8ebad', 59, 1756736620000000, 'delivery', 'web', '{"a":{"delivery":{"order_id":"o-bd8204c505ada30d"}}}'),
	(223401749981095, 328, 1, 'helpdesk', 'c-327', '\xab8522546eeebfbd154818435ebf308a', 60, 1756743820000000, 'service_contact', 'call_centre', '{"a":{"service_contact":{"case_id":"c-3c2d417949f5a114","reason":"delivery late"}}}'),
	(223401749981095, 329, 1, 'helpdesk', 'c-328', '\x05f7bee664199eede0a406e7b467b94b', 60, 1756744000000000, 'service_contact', 'call_centre', '{"a":{"service_contact":{"case_id":"c-3c2d417949f5a114","stage":"first_human_reply","reason":"delivery late"}},"handling_seconds":686}'),
	(223401749981095, 330, 1, 'marketplace', 'c-329', '\x1c09cd14da0fab7bf3ba625b8710095a', 61, 1756804984000000, 'order', 'marketplace', '{"a":{"order":{"order_id":"o-7ec7ec3c3d04db62","amount":{"minor":1392,"currency":"EUR"},"lines":[{"product_id":"p-362","category":"shirts","quantity_milli":1000,"unit_price":{"minor":1392,"currency":"EUR"},"list_price":{"minor":1740,"currency":"EUR"},"promotion":"sale"}],"fulfilment":"home_delivery"}}}'),
	(223401749981095, 331, 1, 'survey', 'c-330', '\x13f2346968c872ce1fe0b210e6fc1c53', 62, 1756823020000000, 'survey_answer', 'email', '{"a":{"survey_answer":{"score":6,"survey_id":"nps-after-purchase"}}}'),
	(223401749981095, 332, 1, 'helpdesk', 'c-331', '\x7e78a5570767bebf5a46e8eafa5b9cef', 60, 1756852559000000, 'service_contact', 'call_centre', '{"a":{"service_contact":{"case_id":"c-3c2d417949f5a114","stage":"resolved","reason":"delivery late"}},"handling_seconds":208}'),
	(223401749981095, 333, 1, 'shop', 'c-332', '\xb34f36659d4ef6805d677d53ec8a8df0', 61, 1757323384000000, 'delivery', 'web', '{"a":{"delivery":{"order_id":"o-7ec7ec3c3d04db62"}}}'),
	(223401749981095, 334, 1, 'helpdesk', 'c-333', '\xe15254f63a22963e6824dae19f6712f3', 63, 1757330584000000, 'service_contact', 'call_centre', '{"a":{"service_contact":{"case_id":"c-9b5ba1d288213da9","reason":"wrong size"}}}'),
	(223401749981095, 335, 1, 'helpdesk', 'c-334', '\xbb270d3b87198af163c2016c0a66b6dc', 63, 1757330764000000, 'service_contact', 'call_centre', '{"a":{"service_contact":{"case_id":"c-9b5ba1d288213da9","stage":"first_human_reply","reason":"wrong size"}},"handling_seconds":724}'),
	(223401749981095, 336, 1, 'helpdesk', 'c-335', '\x666ac899d22fee01579e55f710ceb576', 60, 1757431338000000, 'service_contact', 'call_centre', '{"a":{"service_contact":{"case_id":"c-3c2d417949f5a114","stage":"reopened","reason":"delivery late"}}}'),
	(223401749981095, 337, 1, 'helpdesk', 'c-336', '\xfcf7cd1e11b384adb8dfa0dc2dbd1e22', 63, 1757467835000000, 'service_contact', 'call_centre', '{"a":{"service_contact":{"case_id":"c-9b5ba1d288213da9","stage":"resolved","reason":"wrong size"}},"handling_seconds":214}'),
	(223401749981095, 338, 1, 'survey', 'c-337', '\x05f5bdb16deb8a23749aef4170a82bef', 63, 1757468435000000, 'survey_answer', 'call_centre', '{"a":{"survey_answer":{"kind":"csat","score":4,"survey_id":"csat-after-contact"}}}'),
	(223401749981095, 339, 1, 'pos', 'c-338', '\xe5e6b4f7a9e1d441a571f8dd6454f90c', 54, 1757520493000000, 'conversation', 'store', '{"a":{"conversation":{"topic":"home","clerk":"clerk-24"}},"location":"store-06","handling_seconds":308}'),
	(223401749981095, 367, 1, 'helpdesk', 'c-366', '\x9bf0eae4b32c1b1ef74a6d8c3ef38668', 70, 1761413954000000, 'service_contact', 'call_centre', '{"a":{"service_contact":{"case_id":"c-4d0069fe3c67c2e2","stage":"first_human_reply","reason":"question"}},"handling_seconds":446}'),
	(223401749981095, 368, 1, 'pos', 'c-367', '\xda720fd16fc8970de453dd80e0be0584', 47, 1761419192000000, 'conversation', 'store', '{"a":{"conversation":{"topic":"jackets","clerk":"clerk-28"}},"location":"store-05","handling_seconds":378}'),
	(223401749981095, 340, 1, 'pos', 'c-339', '\x25285ee5284eeaf48a533f4b8f2befea', 54, 1757520673000000, 'order', 'store', '{"a":{"order":{"order_id":"o-c86f52400f66f485","amount":{"minor":27212,"currency":"EUR"},"lines":[{"product_id":"p-228","category":"bags","quantity_milli":1000,"unit_price":{"minor":7992,"currency":"EUR"},"list_price":{"minor":9990,"currency":"EUR"},"promotion":"sale"},{"product_id":"p-136","category":"shoes","quantity_milli":1000,"unit_price":{"minor":2240,"currency":"EUR"}},{"product_id":"p-223","category":"home","quantity_milli":1000,"unit_price":{"minor":9740,"currency":"EUR"}},{"product_id":"p-297","category":"jackets","quantity_milli":1000,"unit_price":{"minor":7240,"currency":"EUR"}}],"fulfilment":"take_away"}},"visit_id":"v-cc2c03ca70b820a7","location":"store-06","handling_seconds":162}'),
	(223401749981095, 341, 1, 'shop', 'c-340', '\x6d7472aac52b20de490e483d46061058', 64, 1757938538000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":422,"pages":11,"source_channel":"social"}},"visit_id":"v-09461a67233c558b"}'),
	(223401749981095, 342, 1, 'pos', 'c-341', '\x163e481d9621d40db173cba11678441d', 47, 1758458270000000, 'conversation', 'store', '{"a":{"conversation":{"topic":"accessories","clerk":"clerk-16"}},"location":"store-05","handling_seconds":522}'),
	(223401749981095, 343, 1, 'pos', 'c-342', '\xf8599bdc838101aa372e3f328deaad1d', 47, 1758458450000000, 'order', 'store', '{"a":{"order":{"order_id":"o-98117f1b3bf9a0ea","amount":{"minor":4980,"currency":"EUR"},"lines":[{"product_id":"p-225","category":"jackets","quantity_milli":2000,"unit_price":{"minor":2490,"currency":"EUR"}}],"fulfilment":"take_away"}},"visit_id":"v-486a5019c5698acd","location":"store-05","handling_seconds":87}'),
	(223401749981095, 344, 1, 'social', 'c-343', '\xb89f4a742622a72a2d2fa266a5927a46', 27, 1758544891000000, 'social_engagement', 'social', '{"a":{"social_engagement":{"network":"photos","post_id":"p-174"}}}'),
	(223401749981095, 345, 1, 'pos', 'c-344', '\xbbda686a14ae3839eea83167782df3d9', 56, 1759263479000000, 'order', 'store', '{"a":{"order":{"order_id":"o-4b23127d5deb5897","amount":{"minor":6740,"currency":"EUR"},"lines":[{"product_id":"p-287","category":"home","quantity_milli":1000,"unit_price":{"minor":6740,"currency":"EUR"}}],"fulfilment":"take_away"}},"visit_id":"v-34c812050cc79ea7","location":"store-12","handling_seconds":131}'),
	(223401749981095, 346, 1, 'app', 'c-345', '\x8700479cd7928a8968a3999fb77ee832', 65, 1759326029000000, 'visit', 'app', '{"a":{"visit":{"kind":"app","duration_seconds":608,"pages":9}},"visit_id":"v-f52421c26d3cad10"}'),
	(223401749981095, 347, 1, 'app', 'c-346', '\x46fabb811834bc4bddbf8299ffc5b656', 65, 1759326089000000, 'product_view', 'app', '{"a":{"product_view":{"product_id":"p-096","category":"shoes","view_seconds":102}},"visit_id":"v-f52421c26d3cad10"}'),
	(223401749981095, 348, 1, 'shop', 'c-347', '\x7f224d32598e0fc46a4542445f1bf08f', 64, 1759424486000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":692,"pages":3,"source_channel":"newsletter"}},"visit_id":"v-bbde992f832bdd6f"}'),
	(223401749981095, 349, 1, 'social', 'c-348', '\x4ee0f707492ebf92f31a7b293759236f', 66, 1759750831000000, 'social_engagement', 'social', '{"a":{"social_engagement":{"network":"photos","post_id":"p-134"}}}'),
	(223401749981095, 350, 1, 'shop', 'c-349', '\x85d5d5b755dd7e934ccee74bc12b979a', 36, 1760202857000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":458,"pages":6,"source_channel":"newsletter"}},"visit_id":"v-1e6fdd8a2398a785"}'),
	(223401749981095, 351, 1, 'shop', 'c-350', '\x71a458c1cef0b1f1986b4f268a3bf5f9', 36, 1760202917000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-309","category":"accessories","view_seconds":165}},"visit_id":"v-1e6fdd8a2398a785"}'),
	(223401749981095, 352, 1, 'shop', 'c-351', '\x21891ea24bf73865a52c8cdf56914c87', 36, 1760203037000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-320","category":"shoes","view_seconds":159}},"visit_id":"v-1e6fdd8a2398a785"}'),
	(223401749981095, 353, 1, 'shop', 'c-352', '\xce075c8b26bc069c8ceacc401cba6a00', 67, 1760283079000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":519,"pages":7,"source_channel":"social"}},"visit_id":"v-79ac905916a08c40"}'),
	(223401749981095, 354, 1, 'shop', 'c-353', '\xa3246747cc8bd8e21841bac2d7b7af4e', 67, 1760283139000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-225","category":"jackets","view_seconds":95}},"visit_id":"v-79ac905916a08c40"}'),
	(223401749981095, 355, 1, 'shop', 'c-354', '\x51e5e804ce331a4275aa0bdbd51032f7', 67, 1760283259000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-057","category":"jackets","view_seconds":143}},"visit_id":"v-79ac905916a08c40"}'),
	(223401749981095, 356, 1, 'pos', 'c-355', '\xbe1200a03bcd0b8738b67d72176b9d5f', 47, 1760637948000000, 'offer_shown', 'store', '{"a":{"offer_shown":{"offer_id":"offer-1","kind":"cross_sell"}},"location":"store-05"}'),
	(223401749981095, 357, 1, 'pos', 'c-356', '\x56c88e7208a114ed5bc4311950f367f7', 47, 1760638008000000, 'conversation', 'store', '{"a":{"conversation":{"topic":"home","clerk":"clerk-12"}},"location":"store-05","handling_seconds":334}'),
	(223401749981095, 358, 1, 'pos', 'c-357', '\x0e31d3f729ff3d406c224ae6de13e91b', 47, 1760638188000000, 'order', 'store', '{"a":{"order":{"order_id":"o-4cba423d03686095","amount":{"minor":8740,"currency":"EUR"},"lines":[{"product_id":"p-029","category":"accessories","quantity_milli":1000,"unit_price":{"minor":8740,"currency":"EUR"}}],"fulfilment":"take_away","offer_id":"offer-1"}},"visit_id":"v-d418f97893f96344","location":"store-05","handling_seconds":86}'),
	(223401749981095, 359, 1, 'shop', 'c-358', '\x66f8c73440174904319aa86e60061898', 68, 1761060974000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":144,"pages":12,"source_channel":"search"}},"visit_id":"v-ba869d630f4513a8"}'),
	(223401749981095, 360, 1, 'shop', 'c-359', '\xcf4b739ee4d9a44d613a0548c4282460', 68, 1761061034000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-100","category":"bags","view_seconds":95}},"visit_id":"v-ba869d630f4513a8"}'),
	(223401749981095, 361, 1, 'shop', 'c-360', '\xa7ac7e82ad4a3bef0b3f080299bd19da', 68, 1761061154000000, 'product_view', 'web', '{"a":{"product_view":{"product_id":"p-307","category":"trousers","view_seconds":29}},"visit_id":"v-ba869d630f4513a8"}'),
	(223401749981095, 362, 1, 'shop', 'c-361', '\xbb3bbe7333f50d366fddba3aef2194e5', 69, 1761061334000000, 'login', 'web', '{"a":{"login":{"method":"password"}}}'),
	(223401749981095, 363, 1, 'shop', 'c-362', '\xa372074751012eba3aaf8b93e3317783', 68, 1761061514000000, 'cart_updated', 'web', '{"a":{"cart_updated":{"cart_id":"k-7b344e2eb1e4af67","lines":[{"product_id":"p-311","category":"home","quantity_milli":1000,"unit_price":{"minor":1992,"currency":"EUR"},"list_price":{"minor":2490,"currency":"EUR"},"promotion":"sale"},{"product_id":"p-070","category":"sports","quantity_milli":1000,"unit_price":{"minor":7992,"currency":"EUR"},"list_price":{"minor":9990,"currency":"EUR"},"promotion":"sale"},{"product_id":"p-017","category":"jackets","quantity_milli":1000,"unit_price":{"minor":990,"currency":"EUR"}},{"product_id":"p-003","category":"trousers","quantity_milli":1000,"unit_price":{"minor":7990,"currency":"EUR"}}],"value":{"minor":18964,"currency":"EUR"}}}}'),
	(223401749981095, 364, 1, 'shop', 'c-363', '\x23ed8aa87dbb654f7c84b1285040dabf', 6, 1761061694000000, 'order', 'web', '{"a":{"order":{"order_id":"o-2e258a69473d3976","amount":{"minor":18710,"currency":"EUR"},"lines":[{"product_id":"p-255","category":"home","quantity_milli":1000,"unit_price":{"minor":740,"currency":"EUR"}},{"product_id":"p-232","category":"shoes","quantity_milli":1000,"unit_price":{"minor":7740,"currency":"EUR"}},{"product_id":"p-272","category":"shoes","quantity_milli":1000,"unit_price":{"minor":8990,"currency":"EUR"}},{"product_id":"p-346","category":"shirts","quantity_milli":1000,"unit_price":{"minor":1240,"currency":"EUR"}}],"fulfilment":"home_delivery"}}}'),
	(223401749981095, 365, 1, 'shop', 'c-364', '\x412c9e6a2efa13fc180fa9e3cccf9cd2', 6, 1761406574000000, 'delivery', 'web', '{"a":{"delivery":{"order_id":"o-2e258a69473d3976"}}}'),
	(223401749981095, 369, 1, 'pos', 'c-368', '\x64668d504f1ab40180b2edceb90c325d', 47, 1761419372000000, 'order', 'store', '{"a":{"order":{"order_id":"o-1742d1ad06c8e25d","amount":{"minor":2192,"currency":"EUR"},"lines":[{"product_id":"p-394","category":"shirts","quantity_milli":1000,"unit_price":{"minor":2192,"currency":"EUR"},"list_price":{"minor":2740,"currency":"EUR"},"promotion":"sale"}],"fulfilment":"take_away"}},"visit_id":"v-99d830ab1d6672d6","location":"store-05","handling_seconds":143}'),
	(223401749981095, 370, 1, 'survey', 'c-369', '\xebac17ba9bb43476aba9d3d7b805fbbd', 7, 1761492974000000, 'survey_answer', 'email', '{"a":{"survey_answer":{"score":10,"survey_id":"nps-after-purchase"}}}'),
	(223401749981095, 371, 1, 'helpdesk', 'c-370', '\x766e2f1a5bca7b1611fcdb9c66e951c8', 70, 1761658679000000, 'service_contact', 'call_centre', '{"a":{"service_contact":{"case_id":"c-4d0069fe3c67c2e2","stage":"resolved","reason":"question"}},"handling_seconds":280}'),
	(223401749981095, 372, 1, 'survey', 'c-371', '\xda47a006dc668170249a1aac3a33cfb7', 70, 1761659279000000, 'survey_answer', 'call_centre', '{"a":{"survey_answer":{"kind":"csat","score":5,"survey_id":"csat-after-contact"}}}'),
	(223401749981095, 373, 1, 'survey', 'c-372', '\x22c2b8ebfbae6ce8b810165ba5e306c6', 70, 1761659379000000, 'survey_answer', 'call_centre', '{"a":{"survey_answer":{"kind":"ces","score":7,"survey_id":"ces-after-contact"}}}'),
	(223401749981095, 374, 1, 'app', 'c-373', '\x34b131b14cbc9a4da91b322458ba2db2', 71, 1761748791000000, 'visit', 'app', '{"a":{"visit":{"kind":"app","duration_seconds":195,"pages":7}},"visit_id":"v-a18d44f2ddb11ebe"}'),
	(223401749981095, 375, 1, 'app', 'c-374', '\xeba9946c3ade3633877e5d4ee1775af3', 71, 1761748851000000, 'product_view', 'app', '{"a":{"product_view":{"product_id":"p-284","category":"bags","view_seconds":51}},"visit_id":"v-a18d44f2ddb11ebe"}'),
	(223401749981095, 376, 1, 'app', 'c-375', '\xce0cc70d9bd2ee74da1ed4790b148300', 72, 1761748911000000, 'login', 'app', '{"a":{"login":{"method":"password"}}}'),
	(223401749981095, 377, 1, 'app', 'c-376', '\xa14ae6346d55835204489a9f040bd00b', 71, 1761748971000000, 'product_view', 'app', '{"a":{"product_view":{"product_id":"p-010","category":"shirts","view_seconds":119}},"visit_id":"v-a18d44f2ddb11ebe"}'),
	(223401749981095, 378, 1, 'app', 'c-377', '\x1b650f8cb8a91e27fdd1dcbee878f240', 65, 1761995999000000, 'visit', 'app', '{"a":{"visit":{"kind":"app","duration_seconds":460,"pages":6}},"visit_id":"v-da4c376dcee687c6"}'),
	(223401749981095, 379, 1, 'app', 'c-378', '\xe0e1d1b15a23f65507c4ae5033fad261', 65, 1761996059000000, 'product_view', 'app', '{"a":{"product_view":{"product_id":"p-293","category":"accessories","view_seconds":132}},"visit_id":"v-da4c376dcee687c6"}'),
	(223401749981095, 380, 1, 'app', 'c-379', '\xa4e138e1415458f1df640d85b88f8520', 65, 1761996179000000, 'product_view', 'app', '{"a":{"product_view":{"product_id":"p-111","category":"home","view_seconds":9}},"visit_id":"v-da4c376dcee687c6"}'),
	(223401749981095, 381, 1, 'mailer', 'c-380', '\x6c085258320327faed4fd038ba81dac5', 7, 1762438758000000, 'message', 'email', '{"a":{"message":{"message_id":"m-40108f73228302d3","subject":"winter-25"}},"campaign":"winter-25"}'),
	(223401749981095, 382, 1, 'pos', 'c-381', '\xd66e4a8a3e064056175d357a3388865e', 47, 1762520460000000, 'product_trial', 'store', '{"a":{"product_trial":{"product_id":"p-070"}},"visit_id":"v-6df1aa22a210b068","location":"store-05"}'),
	(223401749981095, 383, 1, 'pos', 'c-382', '\x283570ef69e5ef1523587f7fd0055186', 47, 1762521000000000, 'order', 'store', '{"a":{"order":{"order_id":"o-df554a23151bfaaa","amount":{"minor":20756,"currency":"EUR"},"lines":[{"product_id":"p-031","category":"home","quantity_milli":1000,"unit_price":{"minor":8740,"currency":"EUR"}},{"product_id":"p-250","category":"shirts","quantity_milli":1000,"unit_price":{"minor":3240,"currency":"EUR"}},{"product_id":"p-118","category":"sports","quantity_milli":2000,"unit_price":{"minor":3192,"currency":"EUR"},"list_price":{"minor":3990,"currency":"EUR"},"promotion":"sale"},{"product_id":"p-240","category":"shoes","quantity_milli":1000,"unit_price":{"minor":2392,"currency":"EUR"},"list_price":{"minor":2990,"currency":"EUR"},"promotion":"sale"}],"fulfilment":"take_away"}},"visit_id":"v-6df1aa22a210b068","location":"store-05","handling_seconds":134}'),
	(223401749981095, 384, 1, 'app', 'c-383', '\xd4cd24b32ec30f3aec49191f1a35c9b0', 73, 1762534456000000, 'visit', 'app', '{"a":{"visit":{"kind":"app","duration_seconds":440,"pages":4}},"visit_id":"v-9a108e8c6c47c6c5"}'),
	(223401749981095, 385, 1, 'app', 'c-384', '\xbc7e009c0a63bd3b247975c8399613d2', 74, 1762534576000000, 'login', 'app', '{"a":{"login":{"method":"password"}}}'),
	(223401749981095, 386, 1, 'app', 'c-385', '\x414a24a07f85bdd409b4d2d47c0828d5', 59, 1762534816000000, 'offer_shown', 'app', '{"a":{"offer_shown":{"offer_id":"offer-3","kind":"cross_sell"}}}'),
	(223401749981095, 387, 1, 'app', 'c-386', '\x673b2fba3f41340edc5f7ea32370ee3f', 59, 1762535056000000, 'order', 'app', '{"a":{"order":{"order_id":"o-a8c2a1c49d5c88f4","amount":{"minor":4480,"currency":"EUR"},"lines":[{"product_id":"p-302","category":"sports","quantity_milli":2000,"unit_price":{"minor":2240,"currency":"EUR"}}],"fulfilment":"home_delivery"}}}'),
	(223401749981095, 388, 1, 'shop', 'c-387', '\xa591749e911359f975cb40d5d3570a44', 59, 1762707256000000, 'delivery', 'web', '{"a":{"delivery":{"order_id":"o-a8c2a1c49d5c88f4"}}}'),
	(223401749981095, 389, 1, 'mailer', 'c-388', '\x793d67bdee9ae27604d46071ba7d1ccd', 7, 1762794902000000, 'message', 'email', '{"a":{"message":{"message_id":"m-da23d580c19253fd","subject":"winter-25"}},"campaign":"winter-25"}'),
	(223401749981095, 390, 1, 'mailer', 'c-389', '\x678452a81c6e18ff069532b5c924f12a', 7, 1762796702000000, 'message', 'email', '{"a":{"message":{"message_id":"m-da23d580c19253fd","status":"opened","subject":"winter-25"}},"campaign":"winter-25"}'),
	(223401749981095, 391, 1, 'app', 'c-390', '\x1a3e6cee24c99c3586983c86aea01008', 65, 1763202433000000, 'visit', 'app', '{"a":{"visit":{"kind":"app","duration_seconds":142,"pages":1}},"visit_id":"v-ed84c916586c08de"}'),
	(223401749981095, 392, 1, 'app', 'c-391', '\x08046583fcb61e7dd6f2c5c4c408cb8e', 65, 1763202493000000, 'product_view', 'app', '{"a":{"product_view":{"product_id":"p-178","category":"shirts","view_seconds":24}},"visit_id":"v-ed84c916586c08de"}'),
	(223401749981095, 393, 1, 'ads', 'c-392', '\x84c15471420c4d5a44ae3390119ffd50', 75, 1763995026000000, 'ad_click', 'advertising', '{"a":{"ad_click":{"ad_id":"ad-3","placement":"search"}},"campaign":"winter-25","cost":{"minor":45,"currency":"EUR"}}'),
	(223401749981095, 394, 1, 'shop', 'c-393', '\xd34d825d98867bb04370684afa375143', 75, 1763995086000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":109,"pages":2,"source_channel":"search"}},"visit_id":"v-332277de6ffeb715"}'),
	(223401749981095, 395, 1, 'pos', 'c-394', '\x8f0bfc7052c975dc8e9455df07afa804', NULL, 1764066579000000, 'product_trial', 'store', '{"a":{"product_trial":{"product_id":"p-289"}},"visit_id":"v-06d13d7954572eb1","location":"store-12"}'),
	(223401749981095, 396, 1, 'pos', 'c-395', '\x58e0fef5e886e8a6c215ae98d38043a3', NULL, 1764067119000000, 'order', 'store', '{"a":{"order":{"order_id":"o-6e3f3f2c7acddae2","amount":{"minor":11812,"currency":"EUR"},"lines":[{"product_id":"p-289","category":"jackets","quantity_milli":1000,"unit_price":{"minor":5592,"currency":"EUR"},"list_price":{"minor":6990,"currency":"EUR"},"promotion":"sale"},{"product_id":"p-354","category":"shirts","quantity_milli":1000,"unit_price":{"minor":1490,"currency":"EUR"}},{"product_id":"p-193","category":"jackets","quantity_milli":1000,"unit_price":{"minor":1490,"currency":"EUR"}},{"product_id":"p-010","category":"shirts","quantity_milli":1000,"unit_price":{"minor":3240,"currency":"EUR"}}],"fulfilment":"take_away"}},"visit_id":"v-06d13d7954572eb1","location":"store-12","handling_seconds":119}'),
	(223401749981095, 397, 1, 'shop', 'c-396', '\x27f3a1905171e4bf69af60e8815dd6f9', 53, 1764070236000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":671,"pages":2,"source_channel":"direct"}},"visit_id":"v-2307781116b16fab"}'),
	(223401749981095, 398, 1, 'pos', 'c-397', '\x19db9fda9b17bef5fcc2da6b6e9edfe5', NULL, 1764161304000000, 'product_trial', 'store', '{"a":{"product_trial":{"product_id":"p-353"}},"visit_id":"v-ee2270d26269eeb4","location":"store-02"}'),
	(223401749981095, 399, 1, 'pos', 'c-398', '\x954041d71413bc167c28bd3366cbbc8d', NULL, 1764161844000000, 'order', 'store', '{"a":{"order":{"order_id":"o-77ce092bd19185b9","amount":{"minor":6980,"currency":"EUR"},"lines":[{"product_id":"p-353","category":"jackets","quantity_milli":1000,"unit_price":{"minor":3990,"currency":"EUR"}},{"product_id":"p-002","category":"shirts","quantity_milli":1000,"unit_price":{"minor":2990,"currency":"EUR"}}],"fulfilment":"take_away"}},"visit_id":"v-ee2270d26269eeb4","location":"store-02","handling_seconds":103}'),
	(223401749981095, 400, 1, 'shop', 'c-399', '\xd14a00d8ce0f994e24c3cffd94a872b7', 76, 1765047246000000, 'visit', 'web', '{"a":{"visit":{"duration_seconds":501,"pages":3,"source_channel":"search"}},"visit_id":"v-078164f6134ce38b"}');
INSERT INTO public.touchpoint VALUES
	(223401749981095, 401, 1, 'pos', 'c-400', '\xeae73c551500b2c3e044097fc9288e8d', 56, 1766505570000000, 'order', 'store', '{"a":{"order":{"order_id":"o-02a8969fba0c4dd7","amount":{"minor":7240,"currency":"EUR"},"lines":[{"product_id":"p-141","category":"accessories","quantity_milli":1000,"unit_price":{"minor":7240,"currency":"EUR"}}],"fulfilment":"take_away"}},"visit_id":"v-fc3c3d94e300ed82","location":"store-12","handling_seconds":78}');


--
-- Data for Name: void; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.void VALUES
	(223401749981095, 127, 4, 'typed twice');


--
-- Name: _sqlx_migrations _sqlx_migrations_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public._sqlx_migrations
    ADD CONSTRAINT _sqlx_migrations_pkey PRIMARY KEY (version);


--
-- Name: capacity capacity_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.capacity
    ADD CONSTRAINT capacity_pkey PRIMARY KEY (tenant, channel, from_us, until_us);


--
-- Name: capacity_was capacity_was_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.capacity_was
    ADD CONSTRAINT capacity_was_pkey PRIMARY KEY (tenant, channel, from_us, until_us, until_revision);


--
-- Name: conflict conflict_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.conflict
    ADD CONSTRAINT conflict_pkey PRIMARY KEY (tenant, observation, identifier);


--
-- Name: cost_rate cost_rate_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.cost_rate
    ADD CONSTRAINT cost_rate_pkey PRIMARY KEY (tenant, channel, activity, currency, effective_from_us);


--
-- Name: cost_rate_was cost_rate_was_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.cost_rate_was
    ADD CONSTRAINT cost_rate_was_pkey PRIMARY KEY (tenant, channel, activity, currency, effective_from_us, until_revision);


--
-- Name: customer customer_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.customer
    ADD CONSTRAINT customer_pkey PRIMARY KEY (tenant, customer);


--
-- Name: customer_was customer_was_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.customer_was
    ADD CONSTRAINT customer_was_pkey PRIMARY KEY (tenant, customer, until_revision);


--
-- Name: identifier identifier_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.identifier
    ADD CONSTRAINT identifier_pkey PRIMARY KEY (tenant, identifier);


--
-- Name: identity_constraint identity_constraint_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.identity_constraint
    ADD CONSTRAINT identity_constraint_pkey PRIMARY KEY (tenant, constraint_no);


--
-- Name: merge_event merge_event_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.merge_event
    ADD CONSTRAINT merge_event_pkey PRIMARY KEY (tenant, observation, absorbed);


--
-- Name: observation observation_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.observation
    ADD CONSTRAINT observation_pkey PRIMARY KEY (tenant, observation);


--
-- Name: order_key order_key_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.order_key
    ADD CONSTRAINT order_key_pkey PRIMARY KEY (tenant, order_id);


--
-- Name: reassignment reassignment_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.reassignment
    ADD CONSTRAINT reassignment_pkey PRIMARY KEY (tenant, revision, observation);


--
-- Name: record record_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.record
    ADD CONSTRAINT record_pkey PRIMARY KEY (tenant, kind, name, other, from_us, until_us, revision);


--
-- Name: request request_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.request
    ADD CONSTRAINT request_pkey PRIMARY KEY (tenant, request_id);


--
-- Name: revision revision_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.revision
    ADD CONSTRAINT revision_pkey PRIMARY KEY (tenant, revision);


--
-- Name: rule_set rule_set_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.rule_set
    ADD CONSTRAINT rule_set_pkey PRIMARY KEY (tenant, version);


--
-- Name: scoring scoring_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.scoring
    ADD CONSTRAINT scoring_pkey PRIMARY KEY (tenant, revision);


--
-- Name: sharing sharing_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sharing
    ADD CONSTRAINT sharing_pkey PRIMARY KEY (tenant, identifier, revision);


--
-- Name: sighting sighting_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sighting
    ADD CONSTRAINT sighting_pkey PRIMARY KEY (tenant, identifier, observation);


--
-- Name: stretch stretch_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.stretch
    ADD CONSTRAINT stretch_pkey PRIMARY KEY (tenant, observation, revision_from, from_at_us);


--
-- Name: summary summary_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.summary
    ADD CONSTRAINT summary_pkey PRIMARY KEY (tenant, observation);


--
-- Name: tenant tenant_name_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.tenant
    ADD CONSTRAINT tenant_name_key UNIQUE (name);


--
-- Name: tenant tenant_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.tenant
    ADD CONSTRAINT tenant_pkey PRIMARY KEY (tenant);


--
-- Name: touchpoint touchpoint_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.touchpoint
    ADD CONSTRAINT touchpoint_pkey PRIMARY KEY (tenant, touchpoint);


--
-- Name: void void_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.void
    ADD CONSTRAINT void_pkey PRIMARY KEY (tenant, touchpoint);


--
-- Name: conflict_by_identifier; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX conflict_by_identifier ON public.conflict USING btree (tenant, identifier, observation);


--
-- Name: constraint_by_observation; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX constraint_by_observation ON public.identity_constraint USING btree (tenant, observation) WHERE (observation IS NOT NULL);


--
-- Name: constraint_by_retraction; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX constraint_by_retraction ON public.identity_constraint USING btree (tenant, revision_to) WHERE (revision_to IS NOT NULL);


--
-- Name: constraint_by_revision; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX constraint_by_revision ON public.identity_constraint USING btree (tenant, revision_from);


--
-- Name: constraint_by_undone; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX constraint_by_undone ON public.identity_constraint USING btree (tenant, undoes_observation, undoes_absorbed) WHERE (undoes_observation IS NOT NULL);


--
-- Name: constraint_standing; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX constraint_standing ON public.identity_constraint USING btree (tenant, constraint_no) WHERE (revision_to IS NULL);


--
-- Name: customer_was_by_revision; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX customer_was_by_revision ON public.customer_was USING btree (tenant, until_revision);


--
-- Name: identifier_by_holder; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX identifier_by_holder ON public.identifier USING btree (tenant, holder) WHERE (holder IS NOT NULL);


--
-- Name: identifier_by_value; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX identifier_by_value ON public.identifier USING btree (tenant, kind, value);


--
-- Name: identifier_shared; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX identifier_shared ON public.identifier USING btree (tenant, identifier) WHERE (shared = 1);


--
-- Name: merge_event_by_revision; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX merge_event_by_revision ON public.merge_event USING btree (tenant, revision, observation, absorbed);


--
-- Name: observation_by_component; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX observation_by_component ON public.observation USING btree (tenant, component, customer);


--
-- Name: observation_by_set; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX observation_by_set ON public.observation USING btree (tenant, identifier_set);


--
-- Name: reassignment_by_from; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX reassignment_by_from ON public.reassignment USING btree (tenant, from_customer, revision);


--
-- Name: reassignment_by_observation; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX reassignment_by_observation ON public.reassignment USING btree (tenant, observation, revision);


--
-- Name: reassignment_by_to; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX reassignment_by_to ON public.reassignment USING btree (tenant, to_customer, revision);


--
-- Name: revision_by_observation; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX revision_by_observation ON public.revision USING btree (tenant, last_observation, revision);


--
-- Name: revision_by_time; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX revision_by_time ON public.revision USING btree (tenant, committed_at_us, revision);


--
-- Name: sharing_by_revision; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX sharing_by_revision ON public.sharing USING btree (tenant, revision);


--
-- Name: stretch_by_customer; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX stretch_by_customer ON public.stretch USING btree (tenant, customer, observation) WHERE (revision_until IS NULL);


--
-- Name: stretch_ever_by_customer; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX stretch_ever_by_customer ON public.stretch USING btree (tenant, customer, revision_from);


--
-- Name: touchpoint_by_key; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX touchpoint_by_key ON public.touchpoint USING btree (tenant, source, source_id);


--
-- Name: touchpoint_by_observation; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX touchpoint_by_observation ON public.touchpoint USING btree (tenant, observation, at_us, touchpoint) WHERE (observation IS NOT NULL);


--
-- Name: void_by_revision; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX void_by_revision ON public.void USING btree (tenant, revision);


--
-- PostgreSQL database dump complete
--


