//! The documents of GNU Health, and the forms in which its releases wrote their texts.

/// A document of GNU Health. Tables and states are those of GNU Health 5.0 (modules health_crypto, health_crypto_lab).
pub struct Known {
    /// Its name here.
    pub document: &'static str,
    /// Its root table.
    pub root: &'static str,
    /// The states in which its module has sealed it.
    pub sealed_states: &'static [&'static str],
    /// Creates the definitions; a template, to be run after [`COMMON`].
    pub template: &'static str,
    /// The definitions, newest first.
    pub forms: &'static [Form],
}

/// One form of a document's text.
pub struct Form {
    /// The function in schema gnuhealth_documents.
    pub definition: &'static str,
    /// What comes from referenced tables, for documents whose own rows nobody has digested. What identifies somebody
    /// (Patient_ID, Person_ID, the code of a pathology) is left out: it shows that something else is referred to now,
    /// which is no drift.
    pub reference_fields: &'static [&'static str],
}

/// What the templates share.
pub const COMMON: &str = include_str!("../../../sql/gnuhealth/common.sql");

const OF_PRESCRIPTION: &[&str] = &[
    "HP",
    "Patient",
    "Prescription_line[][0]",
    "Prescription_line[][2]",
    "Prescription_line[][3]",
    "Prescription_line[][4]",
    "Prescription_line[][5]",
];

/// Without dose units the places after the dose move up.
const OF_PRESCRIPTION_WITHOUT_UNITS: &[&str] = &[
    "HP",
    "Patient",
    "Prescription_line[][0]",
    "Prescription_line[][2]",
    "Prescription_line[][3]",
    "Prescription_line[][4]",
];

const OF_BIRTH: &[&str] = &[
    "HP",
    "Person",
    "Person_dob",
    "Country",
    "Country_subdivision",
    "Mother",
    "Father",
];

const OF_DEATH: &[&str] = &[
    "HP",
    "Person",
    "Person_dob",
    "Cod| : ",
    "Underlying_conditions[][0]| : ",
    "Country",
    "Country_subdivision",
];

const OF_EVALUATION: &[&str] = &[
    "Patient",
    "Initiated_by",
    "Signed_by",
    "Specialty",
    "Signs_and_Symptoms[][0]| : ",
    "Diagnosis| : ",
    "Secondary_conditions[][0]| : ",
    "DDX[][0]| : ",
    "Procedures[][0]| : ",
    "Institution",
    "Derived_from",
    "Derived_to",
];

const OF_LAB_TEST: &[&str] = &["Test", "HP", "Patient", "Analyte_line[][2]"];

const OF_LAB_TEST_WITHOUT_UNITS: &[&str] = &["Test", "HP", "Patient"];

const fn form(definition: &'static str, reference_fields: &'static [&'static str]) -> Form {
    Form {
        definition,
        reference_fields,
    }
}

/// All of them.
pub const KNOWN: [Known; 5] = [
    Known {
        document: "prescription",
        root: "gnuhealth_prescription_order",
        sealed_states: &["validated"],
        template: include_str!("../../../sql/gnuhealth/prescription.sql"),
        forms: &[
            form("prescription_5_0", OF_PRESCRIPTION),
            form("prescription_3_6", OF_PRESCRIPTION_WITHOUT_UNITS),
            form("prescription_3_4", OF_PRESCRIPTION_WITHOUT_UNITS),
        ],
    },
    Known {
        document: "birth_certificate",
        root: "gnuhealth_birth_certificate",
        sealed_states: &["done"],
        template: include_str!("../../../sql/gnuhealth/birth_certificate.sql"),
        forms: &[
            form("birth_certificate_5_0", OF_BIRTH),
            form("birth_certificate_4_0", OF_BIRTH),
            form("birth_certificate_3_4", OF_BIRTH),
        ],
    },
    Known {
        document: "death_certificate",
        root: "gnuhealth_death_certificate",
        sealed_states: &["done"],
        template: include_str!("../../../sql/gnuhealth/death_certificate.sql"),
        forms: &[
            form("death_certificate_5_0", OF_DEATH),
            form("death_certificate_4_0", OF_DEATH),
            form("death_certificate_3_4", OF_DEATH),
        ],
    },
    Known {
        document: "patient_evaluation",
        root: "gnuhealth_patient_evaluation",
        sealed_states: &["signed"],
        template: include_str!("../../../sql/gnuhealth/patient_evaluation.sql"),
        forms: &[
            form("patient_evaluation_5_0", OF_EVALUATION),
            form("patient_evaluation_3_8", OF_EVALUATION),
            form("patient_evaluation_3_4", OF_EVALUATION),
        ],
    },
    Known {
        document: "lab_test",
        root: "gnuhealth_lab",
        sealed_states: &["validated"],
        template: include_str!("../../../sql/gnuhealth/lab_test.sql"),
        forms: &[
            form("lab_test_5_0", OF_LAB_TEST),
            form("lab_test_4_4", OF_LAB_TEST),
            form("lab_test_4_2", OF_LAB_TEST),
            form("lab_test_3_6", OF_LAB_TEST_WITHOUT_UNITS),
            form("lab_test_3_4", OF_LAB_TEST_WITHOUT_UNITS),
        ],
    },
];
