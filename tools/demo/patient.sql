-- Patient 3, whose name was misspelt when she was admitted.
INSERT INTO party_party (code, ref, name, lastname) VALUES ('5', 'ESP654', 'Ruth', 'Ibara');
INSERT INTO gnuhealth_patient (party) SELECT id FROM party_party WHERE code = '5';
