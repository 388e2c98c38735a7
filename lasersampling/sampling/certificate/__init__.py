"""The certificate of a sample: whether its draws can be trusted, why not, and what to do.

It judges draws and nothing else: it reads no files and changes no sampler.
"""

from lasersampling.sampling.certificate.certify import certificate, combined, target_certificate
from lasersampling.sampling.certificate.consistency import conditional_consistency
from lasersampling.sampling.certificate.findings import Finding
from lasersampling.sampling.certificate.judgement import Certificate, GroupCertificate, Judgement
from lasersampling.sampling.certificate.law import TOLERATED_NATS, exact_law, moments_beside
from lasersampling.sampling.certificate.learned import learned_certificate
from lasersampling.sampling.certificate.mixing import judged_mixing
from lasersampling.sampling.certificate.reference import Reference, enumerated, reference_of
from lasersampling.sampling.certificate.verdict import Verdict, judged

__all__ = ["Certificate", "Finding", "GroupCertificate", "Judgement", "Verdict"]
__all__ += ["certificate", "combined", "learned_certificate", "target_certificate"]
# What a certificate is made of, for those who ask how often it errs.
__all__ += ["TOLERATED_NATS", "Reference", "conditional_consistency", "enumerated", "exact_law"]
__all__ += ["judged", "judged_mixing", "moments_beside", "reference_of"]
