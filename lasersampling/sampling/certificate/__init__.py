"""The certificate of a sample: whether its draws can be trusted, why not, and what to do.

It judges draws and nothing else: it reads no files and changes no sampler.
"""

from lasersampling.sampling.certificate.certify import certificate, combined, target_certificate
from lasersampling.sampling.certificate.findings import Finding
from lasersampling.sampling.certificate.judgement import Certificate, GroupCertificate, Judgement
from lasersampling.sampling.certificate.learned import learned_certificate
from lasersampling.sampling.certificate.verdict import Verdict

__all__ = ["Certificate", "Finding", "GroupCertificate", "Judgement", "Verdict"]
__all__ += ["certificate", "combined", "learned_certificate", "target_certificate"]
