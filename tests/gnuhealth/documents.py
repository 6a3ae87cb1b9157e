"""The documents of GNU Health, and the definitions of each with the release whose code is the reference."""

from dataclasses import dataclass

import certificates
import evaluations
import lab_tests
import prescriptions

CRYPTO_3_4, CRYPTO_3_8, CRYPTO_4_4 = 'gnuhealth-crypto 3.4.0', 'gnuhealth-crypto 3.8.0', 'gnuhealth-crypto 4.4.1'
LAB_3_4, LAB_3_8, LAB_4_2, LAB_4_4 = (f'gnuhealth-crypto-lab {version}' for version in (
    '3.4.0', '3.8.0', '4.2.3', '4.4.1'))
NAMES_3_4 = 'gnuhealth 3.4.0'


@dataclass(frozen=True)
class Generation:
    """A definition and the released package whose get_serial says what it gives.

    names: the package whose rec_name functions go with it; None: those of the GNU Health that runs, which are the same
    since 3.6. flags: does this release's Tryton show the flag of a country? without: fields to leave out.
    """
    definition: str
    package: str
    names: str | None = None
    flags: bool = False
    without: tuple = ()


@dataclass(frozen=True)
class Kind:
    """A document; its newest definition is the one that the running GNU Health is the reference of."""
    document: str
    model: str
    make: object
    serialiser: str
    newest: str
    older: tuple

    @property
    def table(self):
        return self.model.replace('.', '_')


KINDS = (
    Kind('prescription', prescriptions.MODEL, prescriptions.make_prescriptions, 'PatientPrescriptionOrder',
         'prescription_5_0', (
             Generation('prescription_5_0', CRYPTO_4_4),
             Generation('prescription_3_6', CRYPTO_3_8),
             Generation('prescription_3_4', CRYPTO_3_4, NAMES_3_4),
         )),
    Kind('birth_certificate', certificates.BIRTH, certificates.make_birth_certificates, 'BirthCertificate',
         'birth_certificate_5_0', (
             Generation('birth_certificate_5_0', CRYPTO_4_4),
             Generation('birth_certificate_5_0', CRYPTO_3_8),
             Generation('birth_certificate_4_0', CRYPTO_4_4, flags=True),
             Generation('birth_certificate_3_4', CRYPTO_3_4, NAMES_3_4),
         )),
    Kind('death_certificate', certificates.DEATH, certificates.make_death_certificates, 'DeathCertificate',
         'death_certificate_5_0', (
             Generation('death_certificate_5_0', CRYPTO_4_4),
             Generation('death_certificate_5_0', CRYPTO_3_8),
             Generation('death_certificate_4_0', CRYPTO_4_4, flags=True),
             Generation('death_certificate_3_4', CRYPTO_3_4, NAMES_3_4),
         )),
    Kind('patient_evaluation', evaluations.MODEL, evaluations.make_evaluations, 'PatientEvaluation',
         'patient_evaluation_5_0', (
             Generation('patient_evaluation_5_0', CRYPTO_4_4),
             Generation('patient_evaluation_5_0', CRYPTO_3_8),
             Generation('patient_evaluation_3_8', CRYPTO_3_8, without=('BPM', 'Abdominal_cir', 'Orientation')),
             Generation('patient_evaluation_3_4', CRYPTO_3_4, NAMES_3_4),
         )),
    Kind('lab_test', lab_tests.MODEL, lab_tests.make_lab_tests, 'LabTest', 'lab_test_5_0', (
        Generation('lab_test_4_4', LAB_4_4),
        Generation('lab_test_4_2', LAB_4_2),
        Generation('lab_test_3_6', LAB_3_8),
        Generation('lab_test_3_4', LAB_3_4, NAMES_3_4),
    )),
)
