//! Values, on one line where they fit.

/// What may stand to the right of the equals sign.
#[derive(Debug)]
pub(super) enum Value<'a> {
    /// As it is written.
    Scalar(&'a str),
    /// `[...]`
    List(List<'a>),
    /// `{ ... }`
    Table(Vec<(String, Value<'a>)>),
}

/// The items of a list.
#[derive(Debug, Default)]
pub(super) struct List<'a> {
    items: Vec<Item<'a>>,
    /// Was the last item followed by a comma? Whoever writes one there wants a line for each.
    comma: bool,
    /// How many lines ended since.
    newlines: usize,
}

#[derive(Debug)]
enum Item<'a> {
    Blank,
    Comment(&'a str),
    Value(Value<'a>, Option<&'a str>),
}

impl<'a> List<'a> {
    pub(super) fn newline(&mut self) {
        self.newlines += 1;
    }

    pub(super) fn comma(&mut self) {
        self.comma = true;
    }

    /// Behind an item, or on a line of its own.
    pub(super) fn comment(&mut self, comment: &'a str) {
        match self.items.last_mut() {
            Some(Item::Value(_, behind @ None)) if self.newlines == 0 => *behind = Some(comment),
            _ => self.push(Item::Comment(comment)),
        }
    }

    pub(super) fn value(&mut self, value: Value<'a>) {
        self.push(Item::Value(value, None));
        self.comma = false;
    }

    fn push(&mut self, item: Item<'a>) {
        if self.newlines > 1 && !self.items.is_empty() {
            self.items.push(Item::Blank);
        }
        self.newlines = 0;
        self.items.push(item);
    }

    /// Does it take a line for each item however short it is?
    fn is_tall(&self) -> bool {
        let tall = |item: &Item<'_>| match item {
            Item::Blank => false,
            Item::Comment(_) | Item::Value(_, Some(_)) => true,
            Item::Value(value, None) => value.is_tall(),
        };
        self.comma && !self.items.is_empty() || self.items.iter().any(tall)
    }

    fn flat(&self) -> String {
        let flat = |item: &Item<'_>| match item {
            Item::Value(value, _) => Some(value.flat()),
            _ => None,
        };
        let items: Vec<String> = self.items.iter().filter_map(flat).collect();
        format!("[{}]", items.join(", "))
    }

    fn lines(&self, indent: usize) -> String {
        let inner = indent + 4;
        let margin = " ".repeat(inner);
        let mut lines = "[\n".to_owned();
        for item in &self.items {
            match item {
                Item::Blank => {}
                Item::Comment(comment) => lines += &format!("{margin}{comment}"),
                Item::Value(value, comment) => {
                    // The comma behind it.
                    let room = super::WIDTH.saturating_sub(inner + 1);
                    lines += &format!("{margin}{},", value.text(inner, room));
                    if let Some(comment) = comment {
                        lines += &format!(" {comment}");
                    }
                }
            }
            lines.push('\n');
        }
        lines + &" ".repeat(indent) + "]"
    }
}

impl Value<'_> {
    /// The value, in as many columns where that is possible; further lines of it are indented.
    pub(super) fn text(&self, indent: usize, room: usize) -> String {
        let flat = self.flat();
        match self {
            Self::List(list) if self.is_tall() || super::columns(&flat) > room && !list.items.is_empty() => {
                list.lines(indent)
            }
            _ => flat,
        }
    }

    /// Does it take more than one line in any case?
    pub(super) fn is_tall(&self) -> bool {
        match self {
            Self::Scalar(_) => false,
            Self::List(list) => list.is_tall(),
            Self::Table(pairs) => pairs.iter().any(|(_, value)| value.is_tall()),
        }
    }

    fn flat(&self) -> String {
        match self {
            Self::Scalar(text) => (*text).to_owned(),
            Self::List(list) => list.flat(),
            Self::Table(pairs) if pairs.is_empty() => "{}".to_owned(),
            Self::Table(pairs) => {
                let pairs: Vec<String> =
                    pairs.iter().map(|(key, value)| format!("{key} = {}", value.flat())).collect();
                format!("{{ {} }}", pairs.join(", "))
            }
        }
    }
}
