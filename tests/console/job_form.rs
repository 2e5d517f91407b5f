//! Tests of the job_form part.
