import datetime as dt
import ssl
import stat
from pathlib import Path

from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store

from infra.twin.certs import ensure_certificates

NOW = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)


def load(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_chain_is_valid_for_localhost(tmp_path: Path) -> None:
    made = ensure_certificates(tmp_path, NOW)
    verifier = PolicyBuilder().store(Store([load(made.ca)])).time(NOW).build_server_verifier(x509.DNSName("localhost"))
    assert verifier.verify(load(made.chain), [])
    names = load(made.chain).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {str(a) for a in names.get_values_for_type(x509.IPAddress)} == {"127.0.0.1", "::1"}
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(made.chain, made.key)


def test_authority_is_bound_to_this_machine(tmp_path: Path) -> None:
    ca = load(ensure_certificates(tmp_path, NOW).ca)
    constraint = ca.extensions.get_extension_for_class(x509.NameConstraints)
    assert constraint.critical
    assert {str(name.value) for name in constraint.value.permitted_subtrees or ()} == {
        "localhost",
        "127.0.0.1/32",
        "::1/128",
    }
    assert ca.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 0


def test_nobody_else_reads_the_keys(tmp_path: Path) -> None:
    ensure_certificates(tmp_path, NOW)
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


def test_kept_until_the_leaf_is_near_its_end(tmp_path: Path) -> None:
    first = ensure_certificates(tmp_path, NOW)
    ca, leaf = load(first.ca), load(first.chain)
    ensure_certificates(tmp_path, NOW + dt.timedelta(days=366))
    assert load(first.chain) == leaf
    ensure_certificates(tmp_path, NOW + dt.timedelta(days=368))
    assert load(first.chain) != leaf
    assert load(first.ca) == ca


def test_new_authority_makes_a_new_leaf(tmp_path: Path) -> None:
    first = ensure_certificates(tmp_path, NOW)
    leaf = load(first.chain)
    first.ca.unlink()
    ensure_certificates(tmp_path, NOW)
    assert load(first.chain) != leaf
    load(first.chain).verify_directly_issued_by(load(first.ca))
