//! Answers to questions about a policy, in words.
