//! Where a value stands in a document, for errors and differences.

use super::escape::write_json_string;

/// Names longer than this many characters are cut in the paths of errors.
const MAX_NAME_CHARS: usize = 64;

/// A place in a document, kept on the stack of whoever walks it and written out only when somebody needs to know.
#[derive(Clone, Copy)]
pub(crate) enum Path<'p> {
    /// The document itself.
    Root,
    /// A named value of an object.
    Field(&'p Path<'p>, &'p str),
    /// An element of a list, counted from 0.
    Index(&'p Path<'p>, usize),
}

impl Path<'_> {
    /// The path in full, like `Field[1].name`. Two places of one document never have the same path: a name that
    /// could be taken for several components is quoted, like `["a.b"]`.
    pub(crate) fn full(&self) -> String {
        self.written(usize::MAX)
    }

    /// The path for an error message: as [`Path::full`], long names cut.
    pub(crate) fn short(&self) -> String {
        self.written(MAX_NAME_CHARS)
    }

    fn written(&self, name_chars: usize) -> String {
        let mut out = String::new();
        self.write(name_chars, &mut out);
        out
    }

    fn write(&self, name_chars: usize, out: &mut String) {
        match self {
            Self::Root => {}
            Self::Field(parent, name) => {
                parent.write(name_chars, out);
                let end = name
                    .char_indices()
                    .nth(name_chars)
                    .map_or(name.len(), |(end, _)| end);
                let shown = name.get(..end).unwrap_or_default();
                let cut = if end < name.len() { "…" } else { "" };
                if shown.is_empty()
                    || shown.contains(['.', '[', ']', '"'])
                    || shown.contains(char::is_control)
                {
                    out.push('[');
                    write_json_string(shown, out);
                    out.push_str(cut);
                    out.push(']');
                } else {
                    if !matches!(parent, Self::Root) {
                        out.push('.');
                    }
                    out.push_str(shown);
                    out.push_str(cut);
                }
            }
            Self::Index(parent, index) => {
                parent.write(name_chars, out);
                out.push('[');
                out.push_str(&index.to_string());
                out.push(']');
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_indices() {
        let field = Path::Field(&Path::Root, "Field");
        let index = Path::Index(&field, 1);
        assert_eq!(Path::Root.full(), "");
        assert_eq!(field.full(), "Field");
        assert_eq!(Path::Field(&index, "name").full(), "Field[1].name");
        assert_eq!(
            Path::Field(&Path::Root, "Date of birth").full(),
            "Date of birth"
        );
    }

    #[test]
    fn names_that_look_like_paths_are_quoted() {
        let root = Path::Field(&Path::Root, "a");
        assert_eq!(Path::Field(&root, "b.c").full(), r#"a["b.c"]"#);
        assert_eq!(Path::Field(&root, "").full(), r#"a[""]"#);
        assert_eq!(Path::Field(&Path::Root, "a[0]").full(), r#"["a[0]"]"#);
        assert_eq!(Path::Field(&Path::Root, "\n").full(), r#"["\n"]"#);
    }

    #[test]
    fn only_errors_cut_names() {
        let name = "ä".repeat(MAX_NAME_CHARS + 1);
        let path = Path::Field(&Path::Root, &name);
        assert_eq!(path.full(), name);
        assert_eq!(path.short(), format!("{}…", "ä".repeat(MAX_NAME_CHARS)));
    }
}
