"""The certificate of a sample: whether its draws can be trusted, why not, and what to do."""

from lasersampling.sampling.certificate.findings import Finding
from lasersampling.sampling.certificate.verdict import Certificate, Verdict, certificate

__all__ = ["Certificate", "Finding", "Verdict", "certificate"]
