# frozen_string_literal: true

# For Ruby 2.0, the platform's, as well.
module PuppetX; end unless defined?(PuppetX)
module PuppetX::Nfv; end unless defined?(PuppetX::Nfv)

# An ini file as text, changed key by key; whatever is not changed stays as it was.
class PuppetX::Nfv::IniText
  SECTION = /\A\s*\[([^\]]*)\]/.freeze
  # a key begins its line: what begins with white space continues the value before it
  SETTING = /\A([^\s#;=:\[][^=:]*?)([ \t]*[=:][ \t]*)(.*)\z/.freeze

  Setting = Struct.new(:first, :last, :prefix, :value)

  def initialize(text)
    @lines = text.lines.map(&:chomp)
  end

  def to_s
    @lines.empty? ? '' : "#{@lines.join("\n")}\n"
  end

  # The value in force: of a key that stands more than once, the last.
  def get(section, key)
    found = settings(section, key).last
    found && found.value
  end

  # Sets a key where it stands, else behind the last one of its section, else in a new section at the end.
  def set(section, key, value)
    found = settings(section, key)
    if found.any?
      last = found.last
      @lines[last.first..last.last] = ["#{last.prefix}#{value}"]
      remove_all(found[0...-1])
    else
      insert(section, "#{key}=#{value}")
    end
  end

  # Removes a key; its section, even an empty one, stays.
  def remove(section, key)
    remove_all(settings(section, key))
  end

  # Pairs of section and key, each once.
  def names
    found = []
    each_setting { |section, key, _| found << [section, key] }
    found.uniq
  end

  private

  def settings(section, key)
    found = []
    each_setting { |in_section, name, setting| found << setting if in_section == section && name == key }
    found
  end

  def remove_all(settings)
    settings.sort_by(&:first).reverse_each { |setting| @lines.slice!(setting.first..setting.last) }
  end

  def each_setting
    section = nil
    @lines.each_with_index do |line, number|
      if (match = SECTION.match(line))
        section = match[1]
      elsif section && (match = SETTING.match(line))
        last = last_line(number)
        value = [match[3].strip, *@lines[(number + 1)..last].map(&:strip)].join("\n")
        yield section, match[1].strip, Setting.new(number, last, "#{match[1]}#{match[2]}", value)
      end
    end
  end

  # The last line of a value that goes on: indented, neither empty nor a comment.
  def last_line(number)
    last = number
    last += 1 while @lines[last + 1] =~ /\A[ \t]+[^\s#;]/
    last
  end

  def insert(section, line)
    head = @lines.rindex { |text| (match = SECTION.match(text)) && match[1] == section }
    if head.nil?
      @lines << '' unless @lines.empty? || @lines.last.empty?
      @lines << "[#{section}]" << line
    else
      @lines.insert(place(head, line) + 1, line)
    end
  end

  # Behind the comment that shows the key, else behind the last setting, of the section that begins here.
  def place(head, line)
    shown = /\A\s*[#;]\s*#{Regexp.escape(line[/\A[^=]*/])}\s*[=:]/
    at = head
    ((head + 1)...@lines.length).each do |number|
      break if SECTION.match(@lines[number])
      return number if shown.match(@lines[number])

      at = number if SETTING.match(@lines[number]) || @lines[number] =~ /\A[ \t]+[^\s#;]/
    end
    at
  end
end
